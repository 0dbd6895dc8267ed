"""Trials that are trained in the process that drives the study: `workers=0`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from search.errors import InputError
from search.running.fleet import fleet_of
from search.settings.settings import StudySettings
from search.workers import this_process
from search.workers.messages import EpochEvent, StudyJob, TrialOutcome, TrialTask
from search.workers.pool import WorkerLost
from search.workers.this_process import ThisProcess, WorkersHere
from search.workers.trial import OutOfMemory, _stopped

JOB = StudyJob("one", "sqlite:///one.db", "val_accuracy", "{}", Path("data"), "fingerprint")
COMPLETE = TrialOutcome("complete", 1, 0.5)


def task(number: int) -> TrialTask:
    return TrialTask(JOB, number, number, "{}", 1, 1, seed=0, best=None)


def played(
    monkeypatch: pytest.MonkeyPatch, play: Callable[[TrialTask, Callable[[EpochEvent], None]], TrialOutcome]
) -> WorkersHere:
    """Workers whose trials go as `play` says."""
    monkeypatch.setattr(this_process, "run_trial", play)
    monkeypatch.setattr("search.machine.tensorflow_start.start_tensorflow", lambda threads: None)
    return WorkersHere(ThisProcess(1), heard.append)


heard: list[EpochEvent] = []


def test_a_trial_ends_and_the_next_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    with played(monkeypatch, lambda task, tell: COMPLETE) as workers:
        for number in range(2):
            workers.submit(task(number))
            assert workers.collect(10) == [(task(number), COMPLETE)]
        assert workers.collect(0.01) == []


def test_a_trial_that_hangs_is_left_behind_and_is_not_heard_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, ended = threading.Event(), threading.Event()

    def hanging(task: TrialTask, tell: Callable[[EpochEvent], None]) -> TrialOutcome:
        if task.number == 0:
            go_on.wait(10)
            try:
                tell(EpochEvent(0, 1, 0.5))
            finally:
                ended.set()
        return COMPLETE

    heard.clear()
    with played(monkeypatch, hanging) as workers:
        hung = task(0)
        workers.submit(hung)
        workers.end(hung)
        ((lost, outcome),) = workers.collect(10)
        assert lost is hung
        assert isinstance(outcome, WorkerLost)
        workers.submit(task(1))
        assert workers.collect(10) == [(task(1), COMPLETE)]
        go_on.set()
        assert ended.wait(10)
        assert workers.collect(0.1) == []
    assert heard == []


def test_what_goes_wrong_beside_the_trial_is_raised_to_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    errors: list[Exception] = [OutOfMemory(), ZeroDivisionError()]

    def failing(task: TrialTask, tell: Callable[[EpochEvent], None]) -> TrialOutcome:
        raise errors.pop(0)

    with played(monkeypatch, failing) as workers:
        workers.submit(task(0))
        ((_, outcome),) = workers.collect(10)
        assert str(outcome) == "there was too little memory for it"
        workers.submit(task(1))
        with pytest.raises(ZeroDivisionError):
            workers.collect(10)


def test_the_end_of_the_study_stops_the_trial_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def until_stopped(task: TrialTask, tell: Callable[[EpochEvent], None]) -> TrialOutcome:
        while here.run not in _stopped:
            time.sleep(0.01)
        return TrialOutcome("interrupted")

    with played(monkeypatch, until_stopped) as workers:
        here = workers._here
        workers.submit(task(0))
    assert workers.collect(1) == [(task(0), TrialOutcome("interrupted"))]


def test_no_worker_and_a_cluster_are_refused() -> None:
    settings = StudySettings(data="digits", workers=0)
    with pytest.raises(InputError, match="--workers 0 and --cluster"):
        fleet_of("tcp://127.0.0.1:1", None, settings, None, say=print, go_on="")  # type: ignore[arg-type]


def test_one_trial_at_a_time_is_expected_of_no_worker() -> None:
    assert StudySettings(data="digits", workers=0).local_workers() == 1
