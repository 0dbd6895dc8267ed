"""The trials of a study in order of merit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from search.study.configuration import hyperparameters_of, what_it_is
from search.study.origin import is_comparable
from search.study.study import Study

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class Entry:
    """One complete trial. `train` and `validation` are the metric at the best epoch; `seconds` is wall time."""

    rank: int
    trial: int
    validation: float
    train: float | None
    gap: float | None
    parameters: int | None
    best_epoch: int | None
    epochs: int | None
    seconds: float | None
    what: str
    hyperparameters: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def leaderboard(study: Study, top: int | None = 10) -> list[Entry]:
    """The `top` complete trials, best first."""
    return [_entry(study, rank, trial) for rank, trial in enumerate(study.ranked()[:top], start=1)]


def not_comparable(study: Study, top: int | None = 10) -> list[Entry]:
    """The `top` trials of an earlier study that came along though their values are another quantity, ranked apart."""
    return [_entry(study, rank, trial) for rank, trial in enumerate(study.not_comparable()[:top], start=1)]


def trials_with_value(trials: Iterable[FrozenTrial]) -> list[FrozenTrial]:
    """Comparable ones with a finite value: complete trials, and pruned ones with their last. What figures are of."""
    return [
        trial
        for trial in trials
        if trial.state.name in ("COMPLETE", "PRUNED")
        and is_comparable(trial)
        and trial.value is not None
        and math.isfinite(trial.value)
    ]


def _entry(study: Study, rank: int, trial: FrozenTrial) -> Entry:
    attributes = trial.user_attrs
    return Entry(
        rank=rank,
        trial=trial.number,
        validation=float(trial.value or 0.0),
        train=attributes.get(study.metric.removeprefix("val_")),
        gap=attributes.get("gap"),
        parameters=attributes.get("parameters"),
        best_epoch=attributes.get("best_epoch"),
        epochs=attributes.get("epochs"),
        seconds=attributes.get("seconds"),
        what=what_it_is(study.space, trial),
        hyperparameters=hyperparameters_of(study.space, trial).model_dump(mode="json"),
    )
