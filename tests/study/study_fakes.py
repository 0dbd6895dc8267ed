"""A space of three parameters, and workers that only pretend."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from search.settings.settings import StudySettings
from search.study.study import Study
from search.study.study_record import keep_study_facts
from search.workers.messages import TrialOutcome, TrialTask
from search.workers.pool import WorkerLost
from spaces import Space
from spaces.parameters import Float, Int
from storage.sqlite import WALConnection

SPACE = Space(
    parameters={
        "width": Int(low=4, high=64),
        "dropout": Float(low=0.0, high=0.5),
        "learning_rate": Float(low=1e-4, high=1e-1, log=True),
    }
)


def with_settings(study: Study, settings: StudySettings) -> Study:
    """`study`, read anew with `settings` kept in it."""
    keep_study_facts(study.optuna, {"settings": settings})
    return Study(study.name, study.url, study.optuna)


Play = Callable[[TrialTask], "TrialOutcome | WorkerLost | None"]


class FakeWorkers:
    """Ends trials in the order of submission, as `play` says; None lets a trial run until it is stopped.

    With `hang`, a trial does not hear that it shall stop.
    """

    def __init__(self, slots: int, play: Play, hang: bool = False) -> None:
        self.slots = slots
        self.hang = hang
        self._play = play
        self._submitted: list[TrialTask] = []
        self.tasks: list[TrialTask] = []
        self.stopped = False
        self.ended: list[TrialTask] = []
        self.most_at_once = 0

    def submit(self, task: TrialTask) -> None:
        self.tasks.append(task)
        self._submitted.append(task)
        self.most_at_once = max(self.most_at_once, len(self._submitted))

    def collect(self, timeout: float) -> list[tuple[TrialTask, TrialOutcome | WorkerLost]]:
        del timeout
        for task in self._submitted:
            outcome: TrialOutcome | WorkerLost | None
            if task in self.ended:
                outcome = WorkerLost()
            elif self.stopped and not self.hang:
                outcome = TrialOutcome("interrupted", 1)
            else:
                outcome = self._play(task)
            if outcome is not None:
                self._submitted.remove(task)
                return [(task, outcome)]
        return []

    def stop_trials(self) -> None:
        self.stopped = True

    def end(self, task: TrialTask) -> None:
        self.ended.append(task)


def value_of(task: TrialTask) -> float:
    """A value for each trial's number: 0.5, 0.6, 0.55, 0.65, 0.6 …"""
    return 0.5 + 0.1 * (task.number % 2) + 0.025 * (task.number // 2)


def complete(task: TrialTask) -> TrialOutcome:
    return TrialOutcome("complete", 3, value_of(task))


class Killed(BaseException):
    """Stands for a kill between two writes; no `except Exception` may stop it."""


def killed_before(write: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies just before its `write`-th write (from 1) to any SQLite database is committed."""
    done = 0

    def commit(connection: WALConnection) -> None:
        nonlocal done
        if connection.in_transaction:  # something was written
            done += 1
            if done >= write:
                raise Killed
        sqlite3.Connection.commit(connection)

    monkeypatch.setattr(WALConnection, "commit", commit)
