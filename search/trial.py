"""One trial on a worker: hyperparameters, data, model, training, value."""

from __future__ import annotations

import os
import socket
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from search.environment import training_environment
from search.errors import StudyStopped
from search.metrics import direction_of, is_better
from search.settings import StudySettings
from spaces import Hyperparameters
from storage import StorageURL, open_artifacts
from storage.artifacts import candidates_folder, model_file_name
from storage.errors import translate, translated
from storage.patience import keep_trying, patient, written

if TYPE_CHECKING:
    import optuna
    from optuna.artifacts import FileSystemArtifactStore

    from search.data import PreparedData
    from search.training.loop import TrainingResult

# Why a trial ended that ran longer than it was allowed to.
TRIAL_TIMEOUT = "--trial-timeout"
# Set on every worker when the driver wants running trials to end at their next epoch.
_stop = threading.Event()


class TrialBegunBefore(Exception):
    """Another process began this trial and is gone; two attempts must not mix in one record."""


@dataclass(frozen=True)
class StudyJob:
    """What every trial of a study needs; equal for all of them."""

    study: str
    url: str = field(repr=False)  # it may hold a password
    metric: str
    settings: str
    data: Path
    artifacts: Path

    @property
    def candidates(self) -> Path:
        """Models that may become the study's best, until the driver has judged them."""
        return candidates_folder(self.artifacts, self.study)


@dataclass(frozen=True)
class TrialTask:
    """One trial to train. `best` is the best complete value when it was submitted."""

    job: StudyJob
    trial_id: int
    number: int
    hyperparameters: str
    seed: int
    best: float | None


@dataclass(frozen=True)
class EpochEvent:
    """Sent after each epoch, for the live table."""

    number: int
    epoch: int
    value: float


@dataclass(frozen=True)
class TrialOutcome:
    """How a trial ended, small enough to travel.

    `complete` has a value; `pruned`, `failed` and `stopped` (the whole study must stop) a reason;
    `interrupted` is to be run again. `model` is a candidate for the study's best model.
    """

    state: Literal["complete", "pruned", "interrupted", "failed", "stopped"]
    epochs: int = 0
    value: float | None = None
    reason: str = ""
    traceback: str = ""
    model: Path | None = None


@dataclass(frozen=True)
class _Worker:
    """What a worker process keeps open between trials of one study."""

    study: optuna.Study
    data: PreparedData
    store: FileSystemArtifactStore
    settings: StudySettings
    environment: dict[str, str]


def request_stop() -> None:
    """End running trials of this process at their next epoch."""
    _stop.set()


@translated()
@patient()
def run_trial(task: TrialTask, on_epoch: Callable[[EpochEvent], None] = lambda event: None) -> TrialOutcome:
    """Train `task`, report each epoch, store curves and attributes; never raises for a model's or data's fault.

    Raises:
        StorageError: the database or the artifact folder failed, which is no fault of the trial's.
        TrialBegunBefore: this is its second time; the driver gives another attempt a number of its own.
    """
    from optuna import Trial

    worker = _open_worker(task.job)
    if worker.study._storage.get_trial(task.trial_id).intermediate_values:
        raise TrialBegunBefore(f"trial {task.number}")
    trial = Trial(worker.study, task.trial_id)
    try:
        return _train(task, trial, worker, on_epoch)
    except StudyStopped as error:
        return TrialOutcome("stopped", reason=str(error))
    except Exception as error:
        if translate(error) is not None:
            raise
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:500]
        return TrialOutcome("failed", reason=reason, traceback=traceback.format_exc()[-4000:])


@lru_cache(maxsize=2)
def _open_worker(job: StudyJob) -> _Worker:
    from search.data import load_prepared
    from search.strategy import build_pruner
    from search.study import load_study
    from search.tensorflow_log import start_tensorflow

    settings = StudySettings.model_validate_json(job.settings)
    start_tensorflow(settings.threads)
    study = load_study(job.study, StorageURL.parse(job.url)).optuna
    study.pruner = build_pruner(settings)
    written(job.artifacts, lambda: job.candidates.mkdir(parents=True, exist_ok=True))
    return _Worker(
        study,
        load_prepared(job.data),
        open_artifacts(job.artifacts),
        settings,
        training_environment(settings),
    )


def _train(
    task: TrialTask, trial: optuna.Trial, worker: _Worker, on_epoch: Callable[[EpochEvent], None]
) -> TrialOutcome:
    from search.training.callbacks import StopReason
    from search.training.loop import train

    settings = worker.settings
    deadline = time.monotonic() + (settings.trial_timeout or float("inf"))
    late = False

    def check(epoch: int, value: float) -> StopReason | None:
        nonlocal late
        trial.report(value, epoch)
        on_epoch(EpochEvent(task.number, epoch, value))
        if _stop.is_set():
            return StopReason.INTERRUPTED
        # A trial that has run all its epochs is complete, whatever a rung at the last epoch would say.
        if epoch == settings.epochs:
            return None
        if trial.should_prune():
            return StopReason.PRUNED
        late = time.monotonic() > deadline
        return StopReason.INTERRUPTED if late else None

    result = train(
        Hyperparameters.model_validate_json(task.hyperparameters),
        worker.data,
        epochs=settings.epochs,
        patience=settings.patience,
        metric=task.job.metric,
        seed=task.seed,
        check=check,
        bfloat16=settings.precision == "bfloat16",
    )
    if result.stop_reason is StopReason.INTERRUPTED and not late:
        return TrialOutcome("interrupted", result.epochs)
    reason = f"{TRIAL_TIMEOUT if late else result.stop_reason} at epoch {result.epochs}"
    _set_attributes(trial, task, worker, result, reason)
    if result.stop_reason in (StopReason.PRUNED, StopReason.NOT_FINITE):
        return TrialOutcome("pruned", result.epochs, reason=reason)
    _store_curves(trial, worker, task, result)
    value = result.history[task.job.metric][result.best_epoch - 1]
    better = is_better(value, task.best, direction_of(task.job.metric))
    model = _save_candidate(task, worker, result) if better else None
    return TrialOutcome("complete", result.epochs, value, reason if late else "", model=model)


def _set_attributes(
    trial: optuna.Trial, task: TrialTask, worker: _Worker, result: TrainingResult, reason: str
) -> None:
    """Small facts for leaderboards and the dashboard; the whole history is an artifact."""
    attributes: dict[str, object] = {
        "epochs": result.epochs,
        "parameters": result.parameters,
        "seconds": round(result.seconds, 3),
        "stop_reason": reason,
        "seed": task.seed,
        "host": socket.gethostname(),
        "process": os.getpid(),
        "environment": worker.environment,
    }
    if result.best_epoch:
        validation = task.job.metric
        training = validation.removeprefix("val_")
        at_best = {name: result.history[name][result.best_epoch - 1] for name in (training, validation)}
        attributes |= {
            "best_epoch": result.best_epoch,
            training: at_best[training],
            validation: at_best[validation],
            "gap": at_best[training] - at_best[validation],
        }
    for name, value in attributes.items():
        trial.set_user_attr(name, value)


def _store_curves(trial: optuna.Trial, worker: _Worker, task: TrialTask, result: TrainingResult) -> None:
    """Before the trial is told: artifacts of a finished trial cannot be added."""
    import tempfile

    from optuna.artifacts import upload_artifact

    from search.learning_curve import write_history_csv, write_learning_curve

    with tempfile.TemporaryDirectory() as folder:
        curve, table = Path(folder, "learning_curve.svg"), Path(folder, "history.csv")
        title, metric = f"trial {task.number}", task.job.metric
        keep_trying(lambda: write_learning_curve(curve, result.history, metric, result.best_epoch, title))
        keep_trying(lambda: write_history_csv(table, result.history))
        for path in (curve, table):
            upload_artifact(artifact_store=worker.store, file_path=str(path), study_or_trial=trial)


def _save_candidate(task: TrialTask, worker: _Worker, result: TrainingResult) -> Path:
    from search.data import attach_preprocessing

    path = task.job.candidates / model_file_name(task.number)
    # Saved under another name and moved: a kill while saving leaves no half model behind that name.
    partial = path.with_name(f"{path.stem}.{os.getpid()}.partial.keras")
    model = attach_preprocessing(result.model, worker.data.spec)
    written(task.job.artifacts, lambda: model.save(partial))
    partial.replace(path)
    return path
