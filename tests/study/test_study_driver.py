"""The driver against workers that only pretend: budgets, endings, retries, signals, and the one model kept."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from optuna.trial import TrialState
from study_fakes import FakeWorkers, complete, value_of

from search.driving.driver import Driver
from search.driving.keeping import Keeping
from search.errors import DataError, StudyStopped
from search.study.study import Study, delete_study
from search.study.trial_record import training_seed
from search.workers.messages import TrialOutcome, TrialTask
from search.workers.pool import WorkerLost
from storage import artifact_folder
from storage.artifacts import model_file_name, study_artifacts

MakeDriver = Callable[..., Driver]


def states(study: Study) -> list[str]:
    return [trial.state.name for trial in study.optuna.trials]


@pytest.mark.parametrize("slots", [1, 3, 8])
def test_the_budget_is_met_exactly(study: Study, driver: MakeDriver, slots: int) -> None:
    workers = FakeWorkers(slots, complete)
    assert driver(workers).run() == "budget"
    assert states(study) == ["COMPLETE"] * 6
    assert workers.most_at_once == min(slots, 6)
    assert [trial.value for trial in study.optuna.trials] == [value_of(task) for task in workers.tasks]


def test_a_second_run_tops_up_to_the_new_budget(study: Study, driver: MakeDriver) -> None:
    driver(FakeWorkers(2, complete)).run()
    workers = FakeWorkers(2, complete)
    assert driver(workers, trials=9).run() == "budget"
    assert len(workers.tasks) == 3
    assert len(study.finished()) == 9


def test_a_budget_that_is_met_starts_nothing(driver: MakeDriver) -> None:
    driver(FakeWorkers(2, complete)).run()
    workers = FakeWorkers(2, complete)
    assert driver(workers).run() == "budget"
    assert workers.tasks == []


def test_every_task_tells_the_worker_all_it_needs(study: Study, driver: MakeDriver) -> None:
    workers = FakeWorkers(1, complete)
    driver(workers).run()
    for task, trial in zip(workers.tasks, study.optuna.trials, strict=True):
        assert (task.trial_id, task.number) == (trial._trial_id, trial.number)
        assert task.seed == training_seed(3, trial.number)


def test_each_ending_of_a_trial_is_told(study: Study, driver: MakeDriver) -> None:
    endings = [
        TrialOutcome("complete", 9, 0.5),
        TrialOutcome("pruned", 3, reason="pruned at epoch 3"),
        TrialOutcome("failed", 0, reason="ValueError: no", traceback="Traceback …"),
    ]
    lines: list[str] = []
    driver(FakeWorkers(2, lambda task: endings[task.number % 3]), lines).run()
    assert states(study) == ["COMPLETE", "PRUNED", "FAIL"] * 2
    failed = study.optuna.trials[2]
    assert failed.user_attrs == {"reason": "ValueError: no", "traceback": "Traceback …"}
    assert lines[1].startswith("[2/6] trial 1 pruned at epoch 3 |")
    assert lines[2].startswith("[3/6] trial 2 failed: ValueError: no |")


def test_an_interrupted_trial_is_run_again_with_its_seed_and_hyperparameters(
    study: Study, driver: MakeDriver
) -> None:
    def play(task: TrialTask) -> TrialOutcome:
        return TrialOutcome("interrupted", 1) if task.number == 1 else complete(task)

    workers = FakeWorkers(3, play)
    driver(workers).run()
    assert sorted(states(study)) == ["COMPLETE"] * 6 + ["FAIL"]
    (again,) = [trial for trial in study.optuna.trials if trial.user_attrs.get("original_number") == 1]
    first = study.optuna.trials[1]
    assert again.params == first.params
    assert first.user_attrs["requeued"] == "interrupted"
    tasks = {task.number: task for task in workers.tasks}
    assert tasks[again.number].seed == tasks[1].seed == training_seed(3, 1)


def test_a_trial_whose_worker_died_is_run_once_more(study: Study, driver: MakeDriver) -> None:
    lines: list[str] = []
    workers = FakeWorkers(2, lambda task: WorkerLost() if task.number == 0 else complete(task))
    assert driver(workers, lines).run() == "budget"
    assert len(study.finished()) == 6
    assert "FAIL" not in [trial.state.name for trial in study.finished()]
    assert "trial 0: its worker died; it will be run again with the same hyperparameters and seed" in lines


def test_a_trial_that_kills_its_worker_twice_fails(study: Study, driver: MakeDriver) -> None:
    """It may need more memory than there is: a third try would end the same."""
    deadly: set[float] = set()

    def play(task: TrialTask) -> TrialOutcome | WorkerLost:
        if task.number == 0:
            deadly.add(task.seed)
        return WorkerLost() if task.seed in deadly else complete(task)

    workers = FakeWorkers(2, play)
    assert driver(workers).run() == "budget"
    assert len(study.finished()) == 6
    (failed,) = [trial for trial in study.finished() if trial.state is TrialState.FAIL]
    assert failed.reason == "its worker died twice"
    assert len([task for task in workers.tasks if task.seed in deadly]) == 2


def test_an_interruption_in_between_does_not_forget_a_lost_worker(study: Study, driver: MakeDriver) -> None:
    attempts = iter([WorkerLost(), TrialOutcome("interrupted", 1), WorkerLost()])
    seed = training_seed(3, 0)
    workers = FakeWorkers(1, lambda task: next(attempts) if task.seed == seed else complete(task))
    assert driver(workers).run() == "budget"
    (failed,) = [trial for trial in study.finished() if trial.state is TrialState.FAIL]
    assert failed.reason == "its worker died twice"


def test_five_equal_failures_at_the_start_stop_the_study(study: Study, driver: MakeDriver) -> None:
    workers = FakeWorkers(
        2, lambda task: TrialOutcome("failed", reason="OSError: gone", traceback="Traceback …")
    )
    with pytest.raises(
        StudyStopped, match="the first 5 trials all failed for one reason: OSError: gone\nTraceback"
    ):
        driver(workers).run()
    assert len(study.finished()) == 5
    assert "RUNNING" not in states(study)


def test_data_that_cannot_be_had_again_ends_the_study_and_leaves_nothing_running(
    study: Study, driver: MakeDriver
) -> None:
    def play(task: TrialTask) -> TrialOutcome:
        if task.number < 2:
            return complete(task)
        raise DataError("the prepared data is gone")

    with pytest.raises(DataError, match="is gone"):
        driver(FakeWorkers(2, play)).run()
    assert states(study)[:4] == ["COMPLETE", "COMPLETE", "FAIL", "FAIL"]
    assert states(study)[4:] == ["WAITING", "WAITING"]
    assert len(study.finished()) == 2


@pytest.mark.parametrize("different", [0, 4])
def test_failures_of_several_kinds_do_not(study: Study, driver: MakeDriver, different: int) -> None:
    workers = FakeWorkers(
        1, lambda task: TrialOutcome("failed", reason="a" if task.number == different else "b")
    )
    assert driver(workers).run() == "budget"
    assert states(study) == ["FAIL"] * 6


def test_five_failures_after_a_success_do_not(study: Study, driver: MakeDriver) -> None:
    workers = FakeWorkers(
        1, lambda task: TrialOutcome("failed", reason="a") if task.number else complete(task)
    )
    assert driver(workers).run() == "budget"


def test_a_trial_may_stop_the_study(study: Study, driver: MakeDriver) -> None:
    workers = FakeWorkers(3, lambda task: TrialOutcome("stopped", reason="metric 'val_f1' is not measured"))
    with pytest.raises(StudyStopped, match="metric 'val_f1' is not measured"):
        driver(workers).run()
    assert study.optuna.trials[0].state is TrialState.FAIL
    assert "RUNNING" not in states(study)


def test_the_time_limit_ends_running_trials_and_keeps_them_for_later(
    study: Study, driver: MakeDriver
) -> None:
    now = 0.0

    def play(task: TrialTask) -> TrialOutcome | None:
        nonlocal now
        if task.number < 2:
            return complete(task)
        if task.number == 3:
            now += 2.0
        return None

    workers = FakeWorkers(2, play)
    lines: list[str] = []
    assert driver(workers, lines, clock=lambda: now, timeout=1.0).run() == "timeout"
    assert workers.stopped
    assert "timeout: running trials end at their next epoch …" in lines
    assert sorted(states(study)) == ["COMPLETE"] * 2 + ["FAIL"] * 2 + ["WAITING"] * 2
    assert len(study.finished()) == 2

    assert driver(FakeWorkers(2, complete)).run() == "budget"
    assert sorted(states(study)) == ["COMPLETE"] * 6 + ["FAIL"] * 2


def test_a_stop_that_was_asked_for_is_noticed(
    study: Study, driver: MakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.driving.driver._STOP_POLL_SECONDS", 0.05)

    def play(task: TrialTask) -> None:
        if task.number == 1:
            study.optuna.set_user_attr("stop_requested", True)
        time.sleep(0.02)

    workers = FakeWorkers(2, play)
    assert driver(workers).run() == "interrupted"
    assert workers.stopped
    assert sorted(states(study)) == ["FAIL"] * 2 + ["WAITING"] * 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_study_in_order(study: Study, driver: MakeDriver, number: signal.Signals) -> None:
    before = signal.getsignal(number)

    def play(task: TrialTask) -> TrialOutcome | None:
        if task.number < 2:
            return complete(task)
        if task.number == 2:
            os.kill(os.getpid(), number)
        return None

    workers = FakeWorkers(2, play)
    assert driver(workers).run() == "interrupted"
    assert workers.stopped
    assert "RUNNING" not in states(study)
    assert len(study.finished()) == 2
    assert signal.getsignal(number) is before


def test_a_signal_that_comes_with_the_last_trials_end_interrupts_nothing(
    study: Study, driver: MakeDriver
) -> None:
    def play(task: TrialTask) -> TrialOutcome:
        if task.number == 5:
            os.kill(os.getpid(), signal.SIGINT)
        return complete(task)

    assert driver(FakeWorkers(1, play)).run() == "budget"
    assert states(study) == ["COMPLETE"] * 6


class TestModel:
    """Exactly one model is kept: that of the best trial."""

    @pytest.fixture
    def trained(self, study: Study) -> Callable[[TrialTask], TrialOutcome]:
        """As a worker: a model is saved where the trial is better than the best when it was submitted."""

        def play(task: TrialTask) -> TrialOutcome:
            better = task.best is None or value_of(task) > task.best
            model = f"model {task.number}".encode() if better else None
            return TrialOutcome("complete", 3, value_of(task), model=model)

        return play

    @staticmethod
    def files(study: Study) -> list[Path]:
        return [path for path in artifact_folder(study.url).rglob("*") if path.is_file()]

    def test_workers_know_the_best_value_so_far(
        self, driver: MakeDriver, trained: Callable[[TrialTask], TrialOutcome]
    ) -> None:
        workers = FakeWorkers(1, trained)
        driver(workers).run()
        assert [task.best for task in workers.tasks] == [None, 0.5, 0.6, 0.6, 0.625, 0.625]

    @pytest.mark.parametrize("slots", [1, 3, 8])
    def test_only_the_best_trials_model_is_kept(
        self,
        study: Study,
        driver: MakeDriver,
        trained: Callable[[TrialTask], TrialOutcome],
        slots: int,
    ) -> None:
        driver(FakeWorkers(slots, trained)).run()
        best = study.best_trial()
        assert best is not None
        assert list(study_artifacts(study.optuna).values()) == [model_file_name(best.number)]
        (file,) = self.files(study)
        assert file.read_text() == f"model {best.number}"

    def test_what_a_killed_driver_left_is_cleared_away(
        self, study: Study, driver: MakeDriver, trained: Callable[[TrialTask], TrialOutcome]
    ) -> None:
        """A model published for a trial that was never told."""
        driver(FakeWorkers(1, trained), trials=4).run()
        best = study.best_trial()
        assert best is not None
        Keeping(study).publish_model(study.optuna.ask().number, b"never told")
        assert len(study_artifacts(study.optuna)) == 2

        driver(FakeWorkers(1, trained), trials=4).run()
        assert list(study_artifacts(study.optuna).values()) == [model_file_name(best.number)]
        assert [path.read_text() for path in self.files(study)] == [f"model {best.number}"]

    def test_deleting_a_study_leaves_nothing_of_it(
        self, study: Study, driver: MakeDriver, trained: Callable[[TrialTask], TrialOutcome]
    ) -> None:
        driver(FakeWorkers(2, trained)).run()
        delete_study(study)
        assert self.files(study) == []
