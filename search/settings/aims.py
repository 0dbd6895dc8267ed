"""What a study aims at: its metric, and perhaps what a network takes; and how much of that it may take at most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from search.errors import InputError
from search.settings.chosen_metric import check_metric_exists
from search.settings.data_options import option_of
from search.settings.metrics import direction_of as direction_of_metric
from search.settings.metrics import metrics_of, sign_of
from search.text.formats import count, fine_size, number
from spaces.errors import did_you_mean

if TYPE_CHECKING:
    from search.data import DataSpec
    from search.settings.metrics import Direction

PARAMETERS, LATENCY, BYTES = "parameters", "latency", "bytes"
BYTES_OF_A_PARAMETER = 4
"""Exported models hold float32."""
# Samplers of Optuna that know no second aim.
_OF_ONE_AIM = ("cmaes",)


@dataclass(frozen=True)
class Resource:
    """What a network takes, less of which is better; `limit` is the setting that says how much at most."""

    limit: str
    column: str


RESOURCES = {
    PARAMETERS: Resource("max_parameters", "parameters"),
    LATENCY: Resource("max_latency", "latency (ms a row)"),
    BYTES: Resource("max_bytes", "bytes"),
}
"""What a study can aim at beside metrics, and limit."""


def amount(resource: str, value: float | None) -> str:
    """With its unit: `12,410 parameters`, `0.01230 ms a row`, `49.6 kB`; a dash where there is none."""
    if value is None:
        return "–"
    match resource:
        case "parameters":
            return f"{count(value)} parameters"
        case "latency":
            return f"{number(value)} ms a row"
        case _:
            return fine_size(value)


def aim_value(aim: str, value: float | None) -> str:
    """In a column of that name, which says the unit where the value does not."""
    if aim == PARAMETERS:
        return count(value)
    return number(value) if value is None or aim != BYTES else fine_size(value)


def column_of(aim: str) -> str:
    """What a column of its values is called."""
    return RESOURCES[aim].column if aim in RESOURCES else aim


def direction_of(aim: str) -> Direction:
    """Whether more or less of it is better."""
    return "minimize" if aim in RESOURCES else direction_of_metric(aim)


def signed(aims: Sequence[str], values: Sequence[float]) -> tuple[float, ...]:
    """`values`, one for each of `aims`, so that more of each is better."""
    return tuple(sign_of(direction_of(aim)) * value for aim, value in zip(aims, values, strict=True))


def check_aims(aims: Sequence[str], sampler: str) -> None:
    """Find a misspelt aim before any data is read.

    Raises:
        InputError: the first is no metric, another is neither metric nor resource, one is said twice, or the sampler
            knows one aim alone.
    """
    if not aims:
        return
    first, *others = aims
    if first in RESOURCES:
        raise InputError(
            f"--aim {first}: epochs are compared by the first aim, so it has to be a metric; say it first, for "
            f"instance --aim val_accuracy --aim {first}"
        )
    if doubled := next((aim for aim in aims if list(aims).count(aim) > 1), None):
        raise InputError(f"--aim {doubled}: is said twice; leave one out")
    for aim in others:
        if aim not in RESOURCES:
            _check_second_metric(aim)
    if sampler in _OF_ONE_AIM:
        raise InputError(
            f"--sampler {sampler}: knows one aim alone; choose tpe, nsgaii, gp, qmc or random for several"
        )


def _check_second_metric(aim: str) -> None:
    try:
        check_metric_exists(aim)
    except InputError:
        alike = did_you_mean(aim, [*RESOURCES])
        raise InputError(
            f"--aim: expected {', '.join(RESOURCES)}, or another metric such as val_crossentropy, but got "
            f"'{aim}'{alike}"
        ) from None


def choose_aims(aims: Sequence[str], metric: str, data: DataSpec) -> tuple[str, ...]:
    """All aims of a study of `metric`, which takes the place of the first; empty where it is the only one.

    Raises:
        InputError: a second metric is not measured in every study of this task.
    """
    if len(aims) < 2:
        return ()
    measured = [f"val_{name}" for name in (*metrics_of(data.task), "loss")]
    for aim in aims[1:]:
        if aim not in RESOURCES and aim not in measured:
            raise InputError(
                f"--aim {aim}: as a second aim this data, which is {data.task}, has {', '.join(measured)}, and "
                f"{', '.join(RESOURCES)}; say another metric first"
            )
    return (metric, *aims[1:])


def aims_in_words(aims: Sequence[str]) -> str:
    """`aims: val_accuracy, larger is better; parameters, smaller is better`."""
    better = {"maximize": "larger", "minimize": "smaller"}
    return "aims: " + "; ".join(f"{column_of(aim)}, {better[direction_of(aim)]} is better" for aim in aims)


def front_of(points: Sequence[tuple[float, ...]]) -> list[int]:
    """Places of the `points` that no other one is as good as in all aims and better in one; more of each is better.

    Of equal points the first alone.
    """
    order = sorted(range(len(points)), key=lambda place: (*(-value for value in points[place]), place))
    found: list[int] = []
    for place in order:
        # Who comes earlier is at least as good in the first aim, so only those can be in the way.
        if not any(_as_good(points[other], points[place]) for other in found):
            found.append(place)
    return found


def _as_good(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(a >= b for a, b in zip(one, other, strict=True))


def limits_of(settings: Any) -> dict[str, float]:
    """How much a configuration may take at most, by resource; those without a limit are left out."""
    said = {name: getattr(settings, resource.limit) for name, resource in RESOURCES.items()}
    return {name: limit for name, limit in said.items() if limit is not None}


@dataclass(frozen=True)
class Excess:
    """What a configuration takes too much of: which resource, by which share of its limit, and so in words."""

    resource: str
    share: float
    reason: str
    said: str = ""

    @property
    def option(self) -> str:
        """That set the limit, as it was `said`, or by its name."""
        return self.said or option_of(RESOURCES[self.resource].limit)


def excess_over(limits: Mapping[str, float], takes: Mapping[str, float]) -> Excess | None:
    """The greatest excess of what a configuration `takes`, as far as it is known; None where all is within."""
    over = {name: takes[name] / limit - 1 for name, limit in limits.items() if takes.get(name, 0) > limit}
    if not over:
        return None
    name = max(over, key=over.__getitem__)
    reason = f"takes {amount(name, takes[name])}, and at most {amount(name, limits[name])} are allowed"
    return Excess(name, over[name], reason)
