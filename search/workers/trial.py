"""One trial on a worker: hyperparameters, data, model, training, value."""

from __future__ import annotations

import os
import socket
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from search.errors import DataError, StudyStopped
from search.machine.lacking import is_out_of_memory, lacking
from search.settings.metrics import direction_of, is_better
from search.settings.settings import StudySettings
from search.study.at_best import at_best
from search.study.row_scores import FILE_NAME, scores_file
from search.study.trial_facts import TrialFacts
from search.training.environment import training_environment
from search.training.stop_reason import Stop, StopReason
from search.workers.going_on import checkpoint_of, tell_again
from search.workers.messages import EpochEvent, StudyJob, TrialOutcome, TrialTask
from spaces import Hyperparameters
from storage import StorageURL, open_storage
from storage.errors import translate, translated
from storage.patience import patient

if TYPE_CHECKING:
    import optuna

    from search.data import PreparedData
    from search.training.loop import TrainingResult
    from storage.study_storage import StudyStorage

# Runs of drivers whose trials shall end at their next epoch. A worker of a cluster outlives a run.
_stopped: set[str] = set()
_served: set[str] = set()


class TrialBegunBefore(Exception):
    """Another process began this trial and is gone; two attempts must not mix in one record."""


class OutOfMemory(Exception):
    """There was too little memory for a trial, of its own making or not."""


@dataclass(frozen=True)
class _Worker:
    """What a worker process keeps open between trials of one study."""

    study: optuna.Study
    data: PreparedData
    settings: StudySettings
    environment: dict[str, str]
    storage: StudyStorage


def runs_served() -> set[str]:
    """Runs of drivers for which this process has trained."""
    return set(_served)


def request_stop(run: str) -> None:
    """End trials of `run` in this process at their next epoch."""
    _stopped.add(run)


@translated()
@patient()
def run_trial(task: TrialTask, on_epoch: Callable[[EpochEvent], None] = lambda event: None) -> TrialOutcome:
    """Train `task` and report each epoch to the database; never raises for a model's or data's fault.

    Raises:
        StorageError: the database failed, which is no fault of the trial's.
        DataError, CacheUnusable: the prepared data is gone and cannot be had again, which is none either.
        TrialBegunBefore: this is its second time; the driver gives another attempt a number of its own.
        OutOfMemory: as it says.
    """
    from optuna import Trial

    from search.study.data_cache import whole

    _served.add(task.job.run)
    try:
        worker = _open_worker(task.job)
        worker = replace(worker, data=whole(worker.data, worker.settings))
    except (OSError, RuntimeError, ImportError) as error:
        if refused := lacking(error):
            return TrialOutcome("disturbed", reason=refused)
        raise
    if worker.study._storage.get_trial(task.trial_id).intermediate_values:
        raise TrialBegunBefore(f"trial {task.number}")
    trial = Trial(worker.study, task.trial_id)
    try:
        return _train(task, trial, worker, on_epoch)
    except StudyStopped as error:
        return TrialOutcome("stopped", reason=str(error))
    except Exception as error:
        if translate(error) is not None and not isinstance(error, OSError):
            raise
        if is_out_of_memory(error):
            raise OutOfMemory from error
        if refused := lacking(error):
            return TrialOutcome("disturbed", reason=refused)
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:500]
        return TrialOutcome("failed", reason=reason, traceback=traceback.format_exc()[-4000:])


@lru_cache(maxsize=2)
def _open_worker(job: StudyJob) -> _Worker:
    from search.machine.tensorflow_start import start_tensorflow
    from search.policies.pruners import build_pruner
    from search.study.data_cache import find_data, prepare_again
    from search.study.study import load_study

    settings = StudySettings.model_validate_json(job.settings)
    start_tensorflow(settings.threads)
    url = StorageURL.parse(job.url)
    loaded = load_study(job.study, url, open_storage(url, for_reports=True))
    loaded.optuna.pruner = build_pruner(settings)
    try:
        data = find_data(job.data, job.fingerprint)
    except DataError:
        data = prepare_again(loaded.data, settings)
    return _Worker(loaded.optuna, data, settings, training_environment(settings), loaded.storage)


def _train(
    task: TrialTask, trial: optuna.Trial, worker: _Worker, on_epoch: Callable[[EpochEvent], None]
) -> TrialOutcome:
    from search.training.checkpoint import identity
    from search.training.loop import train

    settings = worker.settings
    hyperparameters = Hyperparameters.model_validate_json(task.hyperparameters)
    training = identity(
        hyperparameters,
        worker.data.spec,
        worker.environment,
        epochs=task.epochs,
        patience=task.patience,
        metric=task.job.metric,
        seed=task.seed,
    )
    begin, unfit = checkpoint_of(task, training)
    before = 0.0 if begin is None else begin.seconds
    deadline = time.monotonic() + (settings.trial_timeout or float("inf")) - before

    def check(epoch: int, logs: dict[str, float]) -> StopReason | None:
        value = logs[task.job.metric]
        trial.report(value, epoch)
        on_epoch(EpochEvent(task.number, epoch, value, logs))
        # A trial that has run all its epochs is complete, whatever a rung or a signal at the last epoch would say.
        if epoch == task.epochs:
            return None
        if trial.should_prune():
            return StopReason.PRUNED
        if task.job.run in _stopped:
            return StopReason.INTERRUPTED
        return StopReason.TIMEOUT if time.monotonic() > deadline else None

    if begin is not None:
        tell_again(begin, task, trial, worker.storage, on_epoch)
    result = train(
        hyperparameters,
        worker.data,
        epochs=task.epochs,
        patience=task.patience,
        metric=task.job.metric,
        seed=task.seed,
        check=check,
        bfloat16=settings.precision == "bfloat16",
        begin=begin,
    )
    anew: TrialFacts = {"began_anew": unfit} if unfit else {}
    why = result.stop_reason
    if why is StopReason.INTERRUPTED:
        left = None if result.checkpoint is None else result.checkpoint.file(training)
        return TrialOutcome("interrupted", result.epochs, facts=anew, checkpoint=left)
    stop = Stop(why, None if why is StopReason.EPOCHS else result.epochs)
    facts = _facts(task, worker, result, stop) | anew
    if why in (StopReason.PRUNED, StopReason.NOT_FINITE):
        return TrialOutcome(
            "pruned", result.epochs, reason=stop.text(), facts=facts, files=_curves(task, result)
        )
    value = result.history[task.job.metric][result.best_epoch - 1]
    better = is_better(value, task.best, direction_of(task.job.metric))
    return TrialOutcome(
        "complete",
        result.epochs,
        value,
        stop.text() if why is StopReason.TIMEOUT else "",
        facts=facts,
        files=_curves(task, result) | _scores(task, worker, result),
        model=_model_file(worker, result) if better or task.keep_model else None,
    )


def _facts(task: TrialTask, worker: _Worker, result: TrainingResult, stop: Stop) -> TrialFacts:
    """Small ones; the whole history is an artifact."""
    facts: TrialFacts = {
        "epochs": result.epochs,
        "parameters": result.parameters,
        "seconds": round(result.seconds, 3),
        "stop_reason": stop,
        "seed": task.seed,
        "host": socket.gethostname(),
        "process": os.getpid(),
        "environment": worker.environment,
    }
    if result.best_epoch:
        reached = at_best(result.history, task.job.metric, result.best_epoch)
        facts |= {"best_epoch": result.best_epoch, "at_best": reached}
    return facts


def _curves(task: TrialTask, result: TrainingResult) -> dict[str, bytes]:
    from search.study.history import history_csv
    from search.study.learning_curve import learning_curve_svg

    title = f"trial {task.number}"
    curve = learning_curve_svg(result.history, task.job.metric, result.best_epoch, title)
    return {"learning_curve.svg": curve, "history.csv": history_csv(result.history)}


def _scores(task: TrialTask, worker: _Worker, result: TrainingResult) -> dict[str, bytes]:
    """Of each validation row at the best epoch, float32 (rows,); nothing where the metric is no mean over rows."""
    if not task.keep_scores:
        return {}
    from search.study.data_cache import whole
    from search.training.scoring import score_rows

    metric = task.job.metric.removeprefix("val_")
    x, y = whole(worker.data, worker.settings).validation()
    scores = score_rows(result.hyperparameters, result.spec, result.weights, x, y, metric)
    return {} if scores is None else {FILE_NAME: scores_file(scores)}


def _model_file(worker: _Worker, result: TrainingResult) -> bytes:
    """Keras saves to a path alone."""
    from search.data import attach_preprocessing
    from search.machine.temporary import temporary_folder

    with temporary_folder() as folder:
        path = folder / "model.keras"
        attach_preprocessing(result.model, worker.data.spec).save(path)
        return path.read_bytes()
