"""Studies side by side: what they came to, in which settings they differ, and whether their values compare at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from search.analysis.facts.cost import cost_of
from search.conclusion.confirmation.record import read_conclusion
from search.data import spec_changes
from search.errors import InputError
from search.references.words import TITLES, strongest
from search.settings.data_options import option_of
from search.settings.file_settings import FILE_SETTINGS
from search.settings.metrics import sign_of
from search.settings.settings import StudySettings
from search.study.study import Study
from search.text.formats import duration, number

Interval = tuple[float, float]
MOST = 10
_OF_ROWS = {"data", "validation", "test"}
_ALIKE = "what the studies were asked for is the same in all"


@dataclass(frozen=True)
class Compared:
    """One study. Intervals are of 95 %; `seconds` is the time in which at least one trial ran.

    `reference` is the value of the best reference model. `confirmed` is the mean over fresh seeds of what `finalize`
    chose, on the validation rows; `test` the value of the model that it tested.
    """

    study: str
    metric: str
    finished: int
    budget: int
    best: float | None
    best_trial: int | None
    reference: float | None
    reference_name: str | None
    confirmed: float | None
    confirmed_interval: Interval | None
    test: float | None
    test_interval: Interval | None
    seconds: float


@dataclass(frozen=True)
class Comparison:
    """`why_not` says in what they cannot be compared: then there is no best of them.

    `settings` are those that differ, each with its value in every study; `space` what differs in what is searched, of
    each study after the first.
    """

    direction: str
    studies: list[Compared]
    why_not: list[str]
    settings: list[tuple[str, list[str]]]
    space: list[str]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Comparison:
        """What `to_json` tells, as it was."""
        studies = [Compared(**{**one, **_intervals(one)}) for one in told["studies"]]
        settings = [(name, list(values)) for name, values in told["settings"]]
        return cls(**{**told, "studies": studies, "settings": settings})


def comparison_of(studies: Sequence[Study]) -> Comparison:
    """Two or more studies, in their order.

    Raises:
        InputError: they are fewer or more than can be shown, one is named twice, one is no search or not perceptuna's.
    """
    _refuse(studies)
    first, *others = studies
    return Comparison(
        direction=first.direction,
        studies=[_compared(one) for one in studies],
        why_not=[why for one in others for why in _why_not(first, one)],
        settings=_differing(studies),
        space=[f"{one.name}: {line}" for one in others for line in first.space.diff(one.space)],
    )


def rows_of(comparison: Comparison) -> list[tuple[str, ...]]:
    """What they came to as a table: its name, then a cell for each study."""
    of_one_metric = len({one.metric for one in comparison.studies}) == 1
    metric = f" {comparison.studies[0].metric}" if of_one_metric else ""
    rows: list[tuple[str, list[str]]] = [
        ("metric", [one.metric for one in comparison.studies]),
        ("trials", [f"{one.finished:,}/{one.budget:,}" for one in comparison.studies]),
        (f"best{metric}", [_best(one) for one in comparison.studies]),
        ("reference model", [_reference(one) for one in comparison.studies]),
        ("confirmed", [_with_interval(one.confirmed, one.confirmed_interval) for one in comparison.studies]),
        ("test", [_with_interval(one.test, one.test_interval) for one in comparison.studies]),
        ("time", [duration(one.seconds) for one in comparison.studies]),
    ]
    return [(name, *cells) for name, cells in rows if name != "metric" or not of_one_metric]


def sentences_of(comparison: Comparison) -> list[str]:
    """What can be said of who is ahead, and what cannot."""
    if comparison.why_not:
        return ["These studies are not comparable:", *(f"- {why}" for why in comparison.why_not)]
    ranked = _ranked(comparison, [one for one in comparison.studies if one.confirmed is not None])
    if len(ranked) == len(comparison.studies):
        return [_told_apart(before, after) for before, after in pairwise(ranked)]
    without = ", ".join(one.study for one in comparison.studies if one.confirmed is None)
    return [
        "Each best value is the best of many by the rows that judge it, so it holds luck, the more the more trials; "
        f"`perceptuna finalize` confirms it on fresh seeds (not yet: {without})."
    ]


def settings_sentence(comparison: Comparison) -> str:
    """Where nothing differs in what was asked for; empty where something does."""
    return "" if comparison.settings or comparison.space else f"{_ALIKE}."


def _refuse(studies: Sequence[Study]) -> None:
    names = [one.name for one in studies]
    if not 2 <= len(names) <= MOST:
        raise InputError(f"STUDY: expected 2 to {MOST} studies to compare, but got {len(names)}")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"STUDY: study '{twice}' is named twice; name another")
    for study in studies:
        study.refuse_foreign()
        if study.companion_of is not None:
            raise InputError(
                f"study '{study.name}' is about study '{study.companion_of}' and no search of its own; compare that one"
            )


def _compared(study: Study) -> Compared:
    best, conclusion = study.best_trial(), read_conclusion(study)
    reference = strongest(study.record.references.models, study.metric, study.direction)
    winner = None if conclusion is None else conclusion.standing(conclusion.winner)
    return Compared(
        study=study.name,
        metric=study.metric,
        finished=len(study.finished()),
        budget=study.settings.trials,
        best=best.value if best else None,
        best_trial=best.number if best else None,
        reference=reference.value(study.metric) if reference else None,
        reference_name=TITLES[reference.name] if reference else None,
        confirmed=winner.mean if winner else None,
        confirmed_interval=winner.interval if winner else None,
        test=conclusion.test.value if conclusion else None,
        test_interval=conclusion.test.interval if conclusion else None,
        seconds=cost_of(study.trials(), datetime.now()).wall_seconds,
    )


def _why_not(first: Study, other: Study) -> list[str]:
    """In what a value of `other` is another quantity than one of `first`."""
    found = []
    if first.metric != other.metric:
        found.append(f"metric: {first.metric} of '{first.name}', {other.metric} of '{other.name}'")
    changes = spec_changes(first.data, other.data)
    found += [f"data, from '{first.name}' to '{other.name}': {line}" for line in changes[:5]]
    if len(changes) > 5:
        found.append(f"data, from '{first.name}' to '{other.name}': and {len(changes) - 5} more differences")
    if first.settings.folds != other.settings.folds:
        judged = [
            f"{one.settings.folds} folds" if one.settings.folds else "one split" for one in (first, other)
        ]
        found.append(f"rows that judge: {judged[0]} of '{first.name}', {judged[1]} of '{other.name}'")
    return found


def _differing(studies: Sequence[Study]) -> list[tuple[str, list[str]]]:
    """By the names of options, in the order of help.

    Equal rows of several names are the same: a service keeps each file under a name of its own, and files are moved.
    """
    first, *others = studies
    same_rows = not any(spec_changes(first.data, one.data) for one in others)
    found = []
    for name in StudySettings.model_fields:
        if same_rows and name in _OF_ROWS:
            continue
        values = [_setting(name, getattr(one.settings, name)) for one in studies]
        if len(set(values)) > 1:
            found.append((option_of(name), values))
    return found


def _setting(name: str, value: Any) -> str:
    if value is None or value == ():
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return Path(value).name if name in FILE_SETTINGS else str(value)


def _ranked(comparison: Comparison, studies: list[Compared]) -> list[Compared]:
    sign = sign_of("maximize" if comparison.direction == "maximize" else "minimize")
    return sorted(studies, key=lambda one: -sign * (one.confirmed or 0.0))


def _told_apart(before: Compared, after: Compared) -> str:
    """By intervals that do not overlap, which is more than a test would ask for."""
    first, second = before.confirmed_interval, after.confirmed_interval
    values = f"{number(before.confirmed)} against {number(after.confirmed)}"
    if first is None or second is None:
        return f"{before.study} is confirmed better than {after.study}, {values}, by how much chance is not known."
    if first[1] < second[0] or second[1] < first[0]:
        return f"{before.study} is better than {after.study} on fresh seeds: {values}, and their intervals lie apart."
    return f"{before.study} and {after.study} are not told apart by fresh seeds: {values}, and their intervals overlap."


def _best(one: Compared) -> str:
    return number(one.best) if one.best_trial is None else f"{number(one.best)} (trial {one.best_trial})"


def _reference(one: Compared) -> str:
    return number(None) if one.reference is None else f"{number(one.reference)} ({one.reference_name})"


def _with_interval(value: float | None, interval: Interval | None) -> str:
    if value is None or interval is None:
        return number(value)
    return f"{number(value)} ({number(interval[0])} to {number(interval[1])})"


def _intervals(told: Mapping[str, Any]) -> dict[str, Interval | None]:
    names = ("confirmed_interval", "test_interval")
    return {name: None if told[name] is None else (told[name][0], told[name][1]) for name in names}
