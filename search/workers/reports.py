"""The values of a trial's epochs, written to the database several at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import optuna

    from storage.study_storage import StudyStorage

# Who looks at a running study sees an epoch so much later.
_SECONDS = 0.5


class Reports:
    """Reports epochs of `trial`. A small network runs hundreds of epochs a second, and each write is a transaction.

    The trial itself knows a value at once, as the pruner is asked about it; others do when it is written: whenever half
    a second has passed, and when `write` is called, as before such a question and at the end.
    """

    def __init__(
        self, trial: optuna.Trial, storage: StudyStorage, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._trial = trial
        self._storage = storage
        self._clock = clock
        self._waiting: dict[int, float] = {}
        self._written = clock()

    def add(self, epoch: int, value: float) -> None:
        """The value after `epoch`, which counts from 1."""
        self._trial._cached_frozen_trial.intermediate_values[epoch] = value
        self._waiting[epoch] = value
        if self._clock() - self._written >= _SECONDS:
            self.write()

    def write(self) -> None:
        """All that waits, in one transaction."""
        if self._waiting:
            self._storage.set_trial_intermediate_values(self._trial._trial_id, self._waiting)
            self._waiting = {}
        self._written = self._clock()
