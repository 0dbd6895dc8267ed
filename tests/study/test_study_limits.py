"""Limits of time and memory: trials that hang, configurations that are too large, workers that have grown."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import product

import pytest
from optuna.trial import TrialState
from study_fakes import FakeWorkers, complete

import search.driving.asking
import search.driving.driver
import search.driving.in_flight
from search.data import PreparedData
from search.driving.dispatcher import Listeners
from search.driving.driver import Driver
from search.driving.listener import Listener
from search.driving.progress import Progress
from search.driving.recovery import recover
from search.errors import InputError, StudyStopped
from search.running.start import start
from search.settings.settings import StudySettings
from search.study.study import Study
from search.study.trial_record import trial_record
from search.text.quantities import parse_size
from search.training.memory import idle_worker_bytes, recycling_bound, training_bytes
from search.workers.messages import TrialOutcome, TrialTask
from spaces import Hyperparameters
from storage import StorageURL

MakeDriver = Callable[..., Driver]


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search.driving.in_flight, "_START_SECONDS", 0.0)
    monkeypatch.setattr(search.driving.in_flight, "_STOP_PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(search.driving.driver, "_STOP_POLL_SECONDS", 0.05)


def hangs(number: int) -> Callable[[TrialTask], TrialOutcome | None]:
    def play(task: TrialTask) -> TrialOutcome | None:
        time.sleep(0.01)
        return None if task.number == number else complete(task)

    return play


class TestTime:
    def test_a_trial_that_hangs_fails_with_its_reason_and_is_not_run_again(
        self, study: Study, driver: MakeDriver
    ) -> None:
        workers = FakeWorkers(2, hangs(1))
        assert driver(workers, trial_timeout=0.1).run() == "budget"
        assert [task.number for task in workers.ended] == [1]
        hung = study.optuna.trials[1]
        assert hung.state is TrialState.FAIL
        assert hung.user_attrs["reason"].startswith("no epoch's end within 0 s, twice --trial-timeout")
        assert len(study.finished()) == len(study.optuna.trials) == 6

    def test_without_a_limit_a_trial_may_take_its_time(self, study: Study, driver: MakeDriver) -> None:
        workers = FakeWorkers(1, lambda task: time.sleep(0.1) or complete(task))
        assert driver(workers, trials=2).run() == "budget"
        assert workers.ended == []
        assert len(study.finished()) == 2

    def test_a_study_with_a_hung_trial_can_be_stopped(self, study: Study, driver: MakeDriver) -> None:
        def play(task: TrialTask) -> TrialOutcome | None:
            if task.number == 1:
                study.optuna.set_user_attr("stop_requested", True)
            return hangs(1)(task)

        workers = FakeWorkers(1, play, hang=True)
        assert driver(workers).run() == "interrupted"
        assert [task.number for task in workers.ended] == [1]
        hung = study.optuna.trials[1]
        assert (hung.state, hung.user_attrs["requeued"]) == (TrialState.FAIL, "interrupted")
        assert recover(study) == 0
        assert driver(FakeWorkers(1, complete)).run() == "budget"
        assert sorted(trial.original for trial in study.finished()) == list(range(6))


class TestMemory:
    def test_sizes_are_read(self) -> None:
        assert [parse_size(text) for text in ("800MB", "1.5 GB", "2GiB", 5_000_000)] == [
            800_000_000,
            1_500_000_000,
            2 * 2**30,
            5_000_000,
        ]
        for text in ("2", "2TB", "1KB", "", "1e9"):
            with pytest.raises(ValueError, match="expected a size"):
                parse_size(text)

    def test_a_configuration_too_large_is_told_and_not_trained(
        self, study: Study, driver: MakeDriver, digits: PreparedData
    ) -> None:
        half = Hyperparameters(width=32)
        limit = idle_worker_bytes(digits.spec) + training_bytes(half, digits.spec)
        workers, lines = FakeWorkers(2, complete), list[str]()
        assert driver(workers, lines, memory_limit=limit).run() == "budget"
        trials = study.optuna.trials
        rejected = [trial for trial in trials if "infeasible" in trial.user_attrs]
        assert rejected
        assert len(study.finished()) == 6 == len(workers.tasks)
        for trial in trials:
            assert (trial.params["width"] > 32) == (trial in rejected)
        for trial in rejected:
            assert trial.state is TrialState.PRUNED
            assert trial.constraints["memory"] > 0
            assert not trial_record(trial).counts
            assert f"trial {trial.number}: not trained, {trial.user_attrs['infeasible']}" in lines

    def test_the_study_stops_when_nothing_fits(
        self, study: Study, driver: MakeDriver, digits: PreparedData, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(search.driving.asking, "REFUSED_IN_A_ROW", 10)
        limit = idle_worker_bytes(digits.spec) + 1
        with pytest.raises(StudyStopped, match="the last 10 configurations are all too large"):
            driver(FakeWorkers(1, complete), memory_limit=limit).run()
        assert study.finished() == []

    def test_a_limit_below_an_idle_worker_is_refused(self, study: Study) -> None:
        class NeverDriven(Listener):
            def opened(self, study: Study, progress: Progress) -> None:
                raise AssertionError(study)

        url = StorageURL.parse(str(study.url.sqlite_path) + "-other.db")
        with pytest.raises(InputError, match=r"--memory-limit: a worker with this data takes 1\.0 GB"):
            start("two", url, StudySettings(data="digits", memory_limit=10**8), Listeners(NeverDriven()))
        assert url.sqlite_path is not None
        assert not url.sqlite_path.exists()

    def test_the_estimate_counts_the_parameters_that_are_trained(self, digits: PreparedData) -> None:
        from search.training.network.weights import parameter_count

        for width, batch_norm in product((16, 300), (False, True)):
            small = Hyperparameters(width=width, depth=3, taper=0.5, batch_norm=batch_norm, batch_size=1)
            more_slots = small.model_copy(update={"optimizer": "sgd"})
            slot = training_bytes(small, digits.spec) - training_bytes(more_slots, digits.spec)
            if width == 300:  # else validation, not weights, takes most
                assert slot == 4 * parameter_count(small, digits.spec)

    def test_a_worker_is_replaced_half_way_to_its_limit(self, digits: PreparedData) -> None:
        idle = idle_worker_bytes(digits.spec)
        assert recycling_bound(digits.spec, None) == idle + 10**9
        assert recycling_bound(digits.spec, idle + 10**8) == idle + 5 * 10**7
