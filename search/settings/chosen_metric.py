"""Which metric a study compares epochs and trials by: what the user says, or a default by the data; and so in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from search.errors import InputError
from search.settings.costs import COST, costs_in
from search.settings.metrics import METRICS, asked_of, direction_of, metric_of, metrics_of
from search.settings.own_metrics import own_metric_in
from search.settings.quantiles import EXAMPLE, quantile_metric, quantile_said
from spaces import DataKind
from spaces.errors import did_you_mean

if TYPE_CHECKING:
    from search.data import DataSpec

_CLASSES: dict[DataKind, str] = {"image": "accuracy", "vector": "crossentropy", "table": "crossentropy"}
DEFAULT_METRICS: dict[str, dict[DataKind, str]] = {
    "binary": _CLASSES,
    "multiclass": _CLASSES,
    "regression": dict.fromkeys(_CLASSES, "rmse"),
    "multioutput": dict.fromkeys(_CLASSES, "rmse"),
    "multilabel": dict.fromkeys(_CLASSES, "crossentropy"),
}
"""By task and by what the data is, where the user says nothing."""
WHERE_A_CLASS_PREVAILS = "crossentropy"
"""In place of an accuracy, where one class holds more than `_PREVAILS` of the rows."""

_PREVAILS = 0.8


def check_metric_exists(name: str | None) -> None:
    """Find a misspelt metric before any data is read.

    Raises:
        InputError: no task has such a metric.
    """
    known = [f"val_{metric}" for metric in ("loss", *METRICS, EXAMPLE)]
    if name is None or own_metric_in(name.removeprefix("val_")) or _says_costs(name) or _quantile(name):
        return
    if name not in known:
        of_validation = f"val_{name.casefold()}"
        alike = did_you_mean(of_validation if of_validation in known else name, known)
        raise InputError(f"--metric: expected one of {', '.join(known)}, but got '{name}'{alike}")


def choose_metric(name: str | None, data: DataSpec) -> str:
    """`name`, or the default for `data`; of images val_crossentropy in place of val_accuracy where one class prevails.

    Raises:
        InputError: there is no such metric for the task.
    """
    if name is None:
        default = _usual(data)
        return f"val_{WHERE_A_CLASS_PREVAILS if _says_little(default, data) else default}"
    measured = (*metrics_of(data.task), *asked_of(data.task, len(data.class_names)))
    known = [f"val_{metric}" for metric in ("loss", *measured)]
    if data.task == "regression":
        if quantile := _quantile(name):
            return f"val_{quantile_metric(quantile)}"
        known.append(f"val_{EXAMPLE}")
    if own_metric_in(name.removeprefix("val_")):
        return name
    if _says_costs(name):
        if data.task != "binary":
            raise InputError(
                f"--cost: this data is {data.task}, and costs are of mistakes about two classes; leave it out"
            )
        return name
    if name not in known:
        raise InputError(
            f"--metric: this data is {data.task}, so expected one of {', '.join(known)}, but got '{name}'"
        )
    return name


def _says_costs(name: str) -> bool:
    """Whether it is a metric of costs.

    Raises:
        InputError: it is one whose costs are missing, or are none.
    """
    if name == f"val_{COST}":
        raise InputError(
            f'--metric {name}: what mistakes cost is missing; say it, for instance --cost "fn=10,fp=1"'
        )
    try:
        return costs_in(name.removeprefix("val_")) is not None and name.startswith("val_")
    except ValueError as error:
        raise InputError(f"--metric {name}: {error}") from None


def _quantile(name: str) -> float | None:
    """The quantile that a metric says; None where it is another metric.

    Raises:
        InputError: it says none that could be.
    """
    try:
        level = quantile_said(name.removeprefix("val_"))
    except ValueError as error:
        raise InputError(f"--metric {name}: {error}") from None
    return level if name.startswith("val_") else None


def compared_by(metric: str) -> str:
    """What selects epochs and compares trials, as a sentence without its end."""
    better = "larger" if direction_of(metric) == "maximize" else "smaller"
    return f"epochs and trials are compared by {metric}, {better} is better"


def remark_on_accuracy(metric: str, data: DataSpec) -> str | None:
    """That one class prevails, so that `metric` says little; None where it does not, or the metric is another."""
    if not _says_little(metric, data):
        return None
    return f"{_prevails(data)}; val_{WHERE_A_CLASS_PREVAILS} judges its probabilities."


def remark_on_default(metric: str, data: DataSpec) -> str | None:
    """Why `metric`, the default for `data`, is not that of its task and kind; None where it is."""
    usual = f"val_{_usual(data)}"
    return None if metric == usual else f"{_prevails(data)}; so the default is {metric}, not {usual}."


def _usual(data: DataSpec) -> str:
    return DEFAULT_METRICS[data.task][data.kind]


def _says_little(metric: str, data: DataSpec) -> bool:
    """A model that knows nothing looks good by it, and better ones look alike."""
    return metric_of(metric).is_share_of_rows and _largest_share(data) > _PREVAILS


def _largest_share(data: DataSpec) -> float:
    """Of the rows of training, validation and test together."""
    return max(data.class_counts, default=0) / max(1, sum(data.class_counts))


def _prevails(data: DataSpec) -> str:
    name = data.class_names[data.class_counts.index(max(data.class_counts))]
    # Rounded down: 99.97 % is not all.
    share = f"{math.floor(1000 * _largest_share(data)) / 10:g} %"
    return f"{share} of the rows are '{name}': a model that always says so has an accuracy of {share}"
