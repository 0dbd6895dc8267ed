"""The trials of a study in order of merit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from search.study.at_best import beside
from search.study.study import Study
from search.study.trial_record import TrialRecord


@dataclass(frozen=True)
class Entry:
    """One complete trial. `train` and `validation` are the metric at the best epoch; `seconds` is wall time.

    `beside` is what is told with it, by name, at that epoch; empty with most metrics. `aims` is what it reached in each
    aim of its study.
    """

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
    beside: dict[str, float]
    aims: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        own = {name: of for name, of in asdict(self).items() if name not in ("beside", "aims")}
        return {**own, **self.beside, **({"aims": self.aims} if len(self.aims) > 1 else {})}


def leaderboard(study: Study, top: int | None = 10) -> list[Entry]:
    """The `top` complete trials, best first."""
    return [_entry(study, rank, trial) for rank, trial in enumerate(study.ranked()[:top], start=1)]


def front(study: Study, top: int | None = None) -> list[Entry]:
    """The `top` trials of the front of a study of several aims, best first in the first aim."""
    return [_entry(study, rank, trial) for rank, trial in enumerate(study.front()[:top], start=1)]


def board(study: Study, top: int | None = 10) -> list[Entry]:
    """What is shown of a study: its leaderboard, of several aims the front."""
    return front(study, top) if study.has_several_aims else leaderboard(study, top)


def not_comparable(study: Study, top: int | None = 10) -> list[Entry]:
    """The `top` trials of an earlier study that came along though their values are another quantity, ranked apart."""
    return [_entry(study, rank, trial) for rank, trial in enumerate(study.not_comparable()[:top], start=1)]


def trials_with_value(trials: Iterable[TrialRecord]) -> list[TrialRecord]:
    """Comparable ones with a finite value: complete trials, and pruned ones with their last. What figures are of."""
    return [
        trial
        for trial in trials
        if trial.state.name in ("COMPLETE", "PRUNED")
        and trial.is_comparable
        and trial.value is not None
        and math.isfinite(trial.value)
    ]


def _entry(study: Study, rank: int, trial: TrialRecord) -> Entry:
    return Entry(
        rank=rank,
        trial=trial.number,
        validation=float(trial.value or 0.0),
        train=trial.at_best(study.metric.removeprefix("val_")),
        gap=trial.at_best("gap"),
        parameters=trial.parameters,
        best_epoch=trial.best_epoch,
        epochs=trial.epochs,
        seconds=trial.seconds,
        what=trial.describe(study.space),
        hyperparameters=trial.hyperparameters(study.space).named,
        beside=beside(study.metric, trial.stored),
        aims=dict(zip(study.aims, trial.values or (), strict=False)),
    )
