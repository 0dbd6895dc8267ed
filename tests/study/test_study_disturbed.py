"""Faults of the machine are not the trial's: they are waited out, or stop the study with the way to go on."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from optuna.trial import TrialState
from study_fakes import FakeWorkers, complete

from search.driving.driver import Driver
from search.errors import MachineFault
from search.machine.temporary import remove_abandoned_folders, temporary_folder
from search.study.study import Study
from search.workers.messages import TrialOutcome, TrialTask
from search.workers.pool import WorkerLost

MakeDriver = Callable[..., Driver]
REASON = "OSError: [Errno 24] Too many open files; raise the limit"


def some_disturbed(numbers: set[int]) -> Callable[[TrialTask], TrialOutcome]:
    return lambda task: TrialOutcome("disturbed", reason=REASON) if task.number in numbers else complete(task)


class Clock:
    """Runs a second each time it is asked."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def test_disturbed_trials_are_run_again_and_do_not_count(study: Study, driver: MakeDriver) -> None:
    assert driver(FakeWorkers(2, some_disturbed({1, 2, 4})), clock=Clock()).run() == "budget"
    trials = study.optuna.get_trials()
    again = [trial.number for trial in trials if trial.user_attrs.get("requeued") == REASON]
    assert again == [1, 2, 4]
    assert [trial.state for trial in study.finished()] == [TrialState.COMPLETE] * 6
    assert sorted(trial.original for trial in study.finished()) == list(range(6))


def test_a_machine_that_trains_nothing_stops_the_study_with_the_cause(
    study: Study, driver: MakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERCEPTUNA_STORAGE_PATIENCE", "60")
    with pytest.raises(MachineFault, match=r"no trial can be trained: .* Too many open files"):
        driver(FakeWorkers(2, some_disturbed(set(range(1000)))), clock=Clock()).run()
    assert study.finished() == []
    states = {trial.state for trial in study.optuna.get_trials()}
    assert states == {TrialState.FAIL, TrialState.WAITING}
    assert len(study.optuna.get_trials()) < 30  # pauses grow


def test_workers_that_end_with_their_service_cost_no_trial_a_try(study: Study, driver: MakeDriver) -> None:
    """A service manager sends SIGTERM to every process of a service."""
    made: list[Driver] = []

    def play(task: TrialTask) -> TrialOutcome | WorkerLost:
        if task.number < 2:
            return complete(task)
        made[0]._signals.received = True
        return WorkerLost()

    made.append(driver(FakeWorkers(1, play)))
    assert made[0].run() == "interrupted"
    (waiting,) = study.optuna.get_trials(states=(TrialState.WAITING,))
    assert "times_lost" not in waiting.user_attrs


class TestTemporaryFolders:
    @pytest.fixture(autouse=True)
    def place(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        place = tmp_path / "tmp"
        place.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(place))
        return place

    def test_those_of_killed_processes_are_removed_and_no_others(self, place: Path) -> None:
        killed, user = place / "perceptuna-killed", place / "perceptuna-results"
        new, old = place / "perceptuna-new", place / "perceptuna-old"
        for folder in (killed, user, new, old):
            folder.mkdir()
        (user / "model.keras").touch()
        with FileLock(killed / "in-use.lock"):
            pass
        for folder in (old, user):
            os.utime(folder, (0, 0))
        with temporary_folder() as live:
            remove_abandoned_folders()
            assert live.is_dir()
            assert set(place.iterdir()) == {live, user, new}
        assert set(place.iterdir()) == {user, new}

    def test_a_deleted_place_is_done_without(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        place.rmdir()
        monkeypatch.delenv("TMPDIR", raising=False)
        remove_abandoned_folders()
        with temporary_folder() as folder:
            assert folder.is_dir()
            assert folder.parent != place
