"""A space of three parameters, and workers that only pretend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from optuna.storages import RDBStorage

from search.cluster import WorkerLost
from search.trial import TrialOutcome, TrialTask
from spaces import Space
from spaces.parameters import Float, Int

SPACE = Space(
    parameters={
        "width": Int(low=4, high=64),
        "dropout": Float(low=0.0, high=0.5),
        "learning_rate": Float(low=1e-4, high=1e-1, log=True),
    }
)

Play = Callable[[TrialTask], "TrialOutcome | WorkerLost | None"]


class FakeWorkers:
    """Ends trials in the order of submission, as `play` says; None lets a trial run until it is stopped."""

    def __init__(self, slots: int, play: Play) -> None:
        self.slots = slots
        self._play = play
        self._submitted: list[TrialTask] = []
        self.tasks: list[TrialTask] = []
        self.stopped = False
        self.most_at_once = 0

    def submit(self, task: TrialTask) -> None:
        self.tasks.append(task)
        self._submitted.append(task)
        self.most_at_once = max(self.most_at_once, len(self._submitted))

    def collect(self, timeout: float) -> list[tuple[TrialTask, TrialOutcome | WorkerLost]]:
        del timeout
        for task in self._submitted:
            outcome = TrialOutcome("interrupted", 1) if self.stopped else self._play(task)
            if outcome is not None:
                self._submitted.remove(task)
                return [(task, outcome)]
        return []

    def stop_trials(self) -> None:
        self.stopped = True


def value_of(task: TrialTask) -> float:
    """A value for each trial's number: 0.5, 0.6, 0.55, 0.65, 0.6 …"""
    return 0.5 + 0.1 * (task.number % 2) + 0.025 * (task.number // 2)


def complete(task: TrialTask) -> TrialOutcome:
    return TrialOutcome("complete", 3, value_of(task))


class Killed(BaseException):
    """Stands for a kill between two writes; no `except Exception` may stop it."""


_WRITES = (
    "create_new_study",
    "set_study_user_attr",
    "set_study_system_attr",
    "create_new_trial",
    "_create_new_trial",
    "set_trial_param",
    "set_trial_user_attr",
    "set_trial_system_attr",
    "set_trial_intermediate_value",
    "set_trial_state_values",
)


def killed_before(write: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies just before its `write`-th write (from 1) to any database."""
    done = 0
    inside = False
    for name in _WRITES:
        original = getattr(RDBStorage, name)

        def counted(*args: Any, _original: Any = original, **kwargs: Any) -> Any:
            nonlocal done, inside
            if inside:  # one write that is made of another
                return _original(*args, **kwargs)
            done += 1
            if done >= write:
                raise Killed
            inside = True
            try:
                return _original(*args, **kwargs)
            finally:
                inside = False

        monkeypatch.setattr(RDBStorage, name, counted)
