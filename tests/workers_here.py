"""Trials are trained for real, but in this process: no worker has to start."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from search.workers.messages import TrialOutcome, TrialTask
from search.workers.trial import run_trial


class WorkersHere:
    """One worker, in this process. `after` is called when a trial was trained and nobody knows it yet."""

    slots = 1

    def __init__(self, after: Callable[[TrialTask], None]) -> None:
        self._after = after
        self._submitted: list[TrialTask] = []
        self._stopped = False

    def __enter__(self) -> WorkersHere:
        return self

    def __exit__(self, *exception: object) -> None: ...

    def submit(self, task: TrialTask) -> None:
        self._submitted.append(task)

    def collect(self, timeout: float) -> list[tuple[TrialTask, TrialOutcome]]:
        if not self._submitted:
            time.sleep(timeout / 10)
            return []
        task = self._submitted.pop(0)
        if self._stopped:
            return [(task, TrialOutcome("interrupted"))]
        outcome = run_trial(task)
        self._after(task)
        return [(task, outcome)]

    def stop_trials(self) -> None:
        self._stopped = True

    def end(self, task: TrialTask) -> None:
        raise AssertionError(f"nobody lets trial {task.number} hang")


@contextmanager
def trained_here(
    after: Callable[[TrialTask], None] = lambda task: None, *, references: bool = False
) -> Iterator[None]:
    """Meanwhile commands train in this process, and with `references` have reference models fitted in another."""
    with pytest.MonkeyPatch.context() as patch:
        # Threads are a setting of the process, which other tests have begun.
        patch.setattr("search.machine.tensorflow_start.start_tensorflow", lambda threads: None)
        if not references:
            patch.setattr("search.driving.reference_fits.fitting_of", lambda study, data: None)
        patch.setattr("search.running.drive.workers_of", lambda *given, **named: WorkersHere(after))
        yield
