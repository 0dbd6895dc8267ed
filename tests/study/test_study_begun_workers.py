"""Workers are begun while data is read: they get ready meanwhile, and are gone where nothing comes of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from test_study_worker_contract import ended, task

from search.errors import DataError, MachineFault
from search.running.fleet import begun_meanwhile, fleet_of, workers_of
from search.settings.settings import StudySettings
from search.workers.local import LocalWorkers
from search.workers.messages import TrialOutcome

ONE = StudySettings(data="digits", workers=1, threads=1)


def test_a_begun_worker_imports_what_trials_need_before_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.setenv("PRETENDING_WORKER", "gets ready")
    begun = LocalWorkers(1, 1, module="pretending_worker")
    begun.begin()
    (worker,) = begun.processes
    # Whoever drives a study is given the same ones, and closes them.
    fleet = fleet_of(None, None, ONE, None, say=print, go_on="", begun=begun)  # type: ignore[arg-type]
    assert fleet is begun
    with workers_of(fleet, print, most=None, recycle_above=None) as workers:
        workers.submit(task("modules"))
        ((_, outcome),) = ended(workers)
        assert isinstance(outcome, TrialOutcome)
        assert outcome.facts["process"] == worker.pid
        # What Keras loads in case it is used was left out, as in the main thread alone.
        assert outcome.reason == "True []"
    assert worker.is_gone()


def test_workers_end_at_once_where_the_data_cannot_be_read() -> None:
    told: list[float] = []

    def read() -> None:
        with begun_meanwhile(None, ONE, print) as begun:
            assert begun is not None
            processes.extend(begun.processes)
            told.append(time.monotonic())
            raise DataError("no such column")

    processes: list[object] = []
    with pytest.raises(DataError):
        read()
    assert time.monotonic() - told[0] < 30
    assert [one.is_gone() for one in processes] == [True]  # type: ignore[attr-defined]


def test_nothing_is_begun_where_trials_run_elsewhere() -> None:
    with begun_meanwhile("tcp://127.0.0.1:1", ONE, print) as begun:
        assert begun is None
    with begun_meanwhile(None, ONE.model_copy(update={"workers": 0}), print) as begun:
        assert begun is None


def test_what_keeps_workers_from_starting_is_told_when_they_are_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda which: (32, 32))
    workers = LocalWorkers(2, 1)
    workers.begin()
    with pytest.raises(MachineFault, match="2 workers need 72 open files"):
        workers.open()
    workers.abandon()
