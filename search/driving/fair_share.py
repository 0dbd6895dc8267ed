"""Which draws of the sampler are tried in a study whose command ends by time: those that its budget has room for."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from search.driving.progress import Progress
from search.policies.cost import Effort, Pace
from search.policies.pruners import is_compared
from search.settings.own_policies import is_own
from search.study.study import Study
from search.study.trial_record import TrialRecord
from search.training.network.effort import steps, work
from spaces import Hyperparameters

_ROOM_FOR = 10
"""Full trials that the time left is to have room for, so that a search is one.

Of recorded trainings drawn at random, room for twice as many found no more in the same time: what costs is often good
(`benchmarks.tables_policies`).
"""


@dataclass(frozen=True)
class Share:
    """What the next trial may cost: its `fair` share of the worker-seconds, and the seconds that are `left`."""

    fair: float
    left: float
    cost: Callable[[Hyperparameters], float]
    """Seconds of a trial that nothing ends early."""


class FairShare:
    """Of one study, by what its own trials took: `seconds_left` is infinite without a time limit."""

    def __init__(self, study: Study, progress: Progress, seconds_left: Callable[[], float]) -> None:
        self._study = study
        self._progress = progress
        self._seconds_left = seconds_left
        self._efforts: dict[int, Effort] = {}

    def now(self) -> Share | None:
        """None where there is nothing to share out: no limit, or a sampler that would draw the same again, or might."""
        left, settings = self._seconds_left(), self._study.settings
        if math.isinf(left) or settings.sampler == "gp" or is_own(settings.sampler):
            return None
        ended = [trial for trial in self._study.finished() if trial.seconds and trial.epochs]
        pace = Pace.of([(self._effort_of(trial), trial.seconds or 0.0) for trial in ended])
        whole = [
            trial.epochs or 0 for trial in ended if trial.value is not None and is_compared(trial, settings)
        ]
        epochs = round(statistics.median(whole)) if whole else settings.epochs
        most = settings.trial_timeout or math.inf
        to_come = self._progress.budget - self._progress.finished - len(self._progress.running)
        return Share(
            fair=left * self._progress.workers / max(1, min(_ROOM_FOR, to_come)),
            left=left,
            cost=lambda drawn: min(pace.of_training(self._effort(drawn, epochs)), most),
        )

    def _effort_of(self, trial: TrialRecord) -> Effort:
        if trial.number not in self._efforts:
            drawn = trial.hyperparameters(self._study.space)
            self._efforts[trial.number] = self._effort(drawn, trial.epochs or 0)
        return self._efforts[trial.number]

    def _effort(self, drawn: Hyperparameters, epochs: int) -> Effort:
        data = self._study.data
        return Effort(epochs, steps(data.rows.train, drawn.batch_size), work(drawn, data))
