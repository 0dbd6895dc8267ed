"""One trial as a worker runs it, in this process: what it reports, stores and returns."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState
from study_fakes import SPACE

import search.workers.outcome
import search.workers.trial
import storage.sqlite
from search.data import PreparedData
from search.settings.settings import StudySettings
from search.study.data_cache import prepare_data
from search.study.study import Study, load_study
from search.study.trial_facts import attributes_of
from search.workers.messages import EpochEvent, StudyJob, TrialTask
from search.workers.trial import OutOfMemory, TrialBegunBefore, run_trial
from spaces import Hyperparameters
from storage import StorageError

MakeTask = Callable[..., TrialTask]


@pytest.fixture
def task(
    study: Study, settings: StudySettings, digits: PreparedData, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MakeTask]:
    """Asks for a trial and says what to train; Hyperparameters may be forced."""
    # TensorFlow takes its number of threads once, and other tests of this process have used it.
    monkeypatch.setattr("search.machine.tensorflow_start.start_tensorflow", lambda threads: None)

    def make(
        best: float | None = None,
        epochs: int = 2,
        metric: str = "val_accuracy",
        pruner: str = "none",
        trial_timeout: float | None = None,
        **values: object,
    ) -> TrialTask:
        trial = study.optuna.ask()
        suggested = SPACE.suggest(trial)
        changes = {"epochs": epochs, "pruner": pruner, "trial_timeout": trial_timeout}
        changed = StudySettings.model_validate({**settings.model_dump(), **changes})
        return TrialTask(
            StudyJob(
                "one",
                study.url.full,
                metric,
                changed.model_dump_json(),
                digits.folder,
                digits.spec.fingerprint,
            ),
            trial._trial_id,
            trial.number,
            Hyperparameters.from_values({**suggested.model_dump(), "depth": 1, **values}).model_dump_json(),
            epochs=epochs,
            patience=epochs,
            seed=5,
            best=best,
        )

    yield make
    search.workers.trial._open_worker.cache_clear()
    search.workers.trial._stopped.clear()


def frozen(study: Study, task: TrialTask) -> optuna.trial.FrozenTrial:
    return load_study("one", study.url).optuna.get_trials()[task.number]


def test_a_complete_trial_returns_the_best_epochs_value(study: Study, task: MakeTask) -> None:
    events: list[EpochEvent] = []
    one = task(epochs=3, learning_rate=0.01)
    outcome = run_trial(one, events.append)
    trial = frozen(study, one)
    assert (outcome.state, outcome.epochs) == ("complete", 3)
    assert outcome.value == max(trial.intermediate_values.values())
    assert [(event.epoch, event.value) for event in events] == sorted(trial.intermediate_values.items())
    assert trial.state is TrialState.RUNNING  # the driver alone tells
    assert trial.user_attrs == {}  # and alone writes what is kept
    assert sorted(outcome.files) == ["history.csv", "learning_curve.svg"]
    assert len(outcome.files["history.csv"].splitlines()) == 4
    assert set(attributes_of(outcome.facts)) == {
        *("epochs", "parameters", "seconds", "stop_reason", "seed", "host", "process", "environment"),
        *("best_epoch", "accuracy", "val_accuracy", "gap"),
    }
    assert outcome.model is not None
    assert outcome.model.startswith(b"PK")  # a .keras file is a ZIP
    assert len(repr(outcome)) < 2000


def test_a_model_is_saved_only_where_it_may_be_the_best(task: MakeTask) -> None:
    assert run_trial(task(best=1.0)).model is None


def test_a_trial_whose_loss_is_not_finite_is_pruned_with_its_reason(task: MakeTask) -> None:
    one = task(optimizer="sgd", learning_rate=1e30)
    outcome = run_trial(one)
    assert outcome.state == "pruned"
    assert outcome.reason == f"loss or weights not finite at epoch {outcome.epochs}"
    assert outcome.facts["stop_reason"].text() == outcome.reason
    assert len(outcome.files["history.csv"].splitlines()) == 1 + outcome.epochs


def test_a_trial_that_falls_behind_is_pruned(task: MakeTask) -> None:
    run_trial(task(epochs=4, pruner="asha", learning_rate=0.01))
    one = task(epochs=4, pruner="asha", learning_rate=1e-9, optimizer="sgd")
    outcome = run_trial(one)
    assert (outcome.state, outcome.epochs, outcome.reason) == ("pruned", 1, "pruned at epoch 1")
    header, *epochs = outcome.files["history.csv"].decode().splitlines()
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} < set(header.split(","))
    assert len(epochs) == 1
    assert outcome.model is None


def test_a_metric_that_is_not_measured_stops_the_study(task: MakeTask) -> None:
    outcome = run_trial(task(metric="val_rmse"))
    assert outcome.state == "stopped"
    assert "metric 'val_rmse' is not measured; expected one of accuracy" in outcome.reason


def test_what_the_machine_refuses_is_no_fault_of_the_trials(
    task: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*arguments: object) -> bytes:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/gone']")

    def no_memory(*arguments: object) -> bytes:
        raise MemoryError("Unable to allocate 10.0 GiB")

    monkeypatch.setattr(search.workers.outcome, "_model_file", refused)
    outcome = run_trial(task())
    assert outcome.state == "disturbed"
    assert "No usable temporary directory found" in outcome.reason
    monkeypatch.setattr(search.workers.outcome, "_model_file", no_memory)
    with pytest.raises(OutOfMemory):
        run_trial(task())


def test_a_stop_ends_a_trial_at_its_next_epoch(task: MakeTask) -> None:
    one = task(epochs=50)
    outcome = run_trial(
        one, lambda event: search.workers.trial.request_stop(one.job.run) if event.epoch == 2 else None
    )
    assert (outcome.state, outcome.epochs) == ("interrupted", 2)
    assert outcome.facts == {}


def test_a_stop_at_the_last_epoch_throws_nothing_away(task: MakeTask) -> None:
    one = task(epochs=2)
    outcome = run_trial(
        one, lambda event: search.workers.trial.request_stop(one.job.run) if event.epoch == 2 else None
    )
    assert (outcome.state, outcome.epochs) == ("complete", 2)
    assert outcome.facts["stop_reason"].text() == "all epochs run"


def test_a_trial_past_its_time_is_complete_with_its_best_epoch_so_far(study: Study, task: MakeTask) -> None:
    one = task(epochs=100_000, trial_timeout=0.2, learning_rate=0.01)
    outcome = run_trial(one)
    trial = frozen(study, one)
    assert outcome.state == "complete"
    assert (
        outcome.reason == f"--trial-timeout at epoch {outcome.epochs}" == outcome.facts["stop_reason"].text()
    )
    assert outcome.value == max(trial.intermediate_values.values())
    assert outcome.epochs < 10_000
    assert outcome.model is not None


def test_an_error_of_the_model_fails_the_trial_with_its_traceback(task: MakeTask) -> None:
    def explode(event: EpochEvent) -> None:
        raise ValueError("no such layer")

    outcome = run_trial(task(), explode)
    assert (outcome.state, outcome.reason) == ("failed", "ValueError: no such layer")
    assert "Traceback" in outcome.traceback


def test_an_error_of_the_storage_is_not_the_trials_fault(
    study: Study, task: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.sqlite, "BUSY_SECONDS", 0.1)
    monkeypatch.setenv("PERCEPTUNA_STORAGE_PATIENCE", "0.3")
    assert study.url.sqlite_path is not None
    with (
        closing(sqlite3.connect(study.url.sqlite_path)) as other,
        pytest.raises(StorageError, match="is locked"),
    ):
        run_trial(task(), lambda event: event.epoch == 1 and other.execute("begin immediate") and None)


def test_a_trial_is_not_begun_twice(task: MakeTask) -> None:
    """Dask repeats what it thinks lost; the reports of two attempts would mix."""
    one = task()
    run_trial(one)
    with pytest.raises(TrialBegunBefore):
        run_trial(one)


def test_no_password_is_in_what_a_log_shows_of_a_task(tmp_path: Path) -> None:
    job = StudyJob("one", "postgresql://user:secret@host/studies", "val_loss", "{}", tmp_path, "")
    one = TrialTask(job, 1, 1, "{}", 1, 1, 1, None)
    assert "secret" not in repr(one)
    assert "secret" in replace(job).url


def test_data_that_is_gone_from_the_cache_is_prepared_again(
    task: MakeTask, settings: StudySettings, digits: PreparedData
) -> None:
    """For a worker that takes a dead one's place, and for one that has trained before."""
    of_digits = settings.model_copy(update={"seed": digits.spec.seed, "pruner": "none"})
    own = prepare_data(of_digits)
    job = {"data": own.folder, "settings": of_digits.model_dump_json()}
    for again in range(2):
        one = task(epochs=1)
        shutil.rmtree(own.folder)
        outcome = run_trial(replace(one, job=replace(one.job, **job), keep_scores=bool(again)))
        assert (outcome.state, outcome.reason) == ("complete", "")
        for part in ("training", "validation"):
            (x, y), (same_x, same_y) = getattr(own, part)(), getattr(digits, part)()
            assert (x == same_x).all()
            assert (y == same_y).all()
