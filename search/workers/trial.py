"""One trial on a worker: hyperparameters, data, model, training, value."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from importlib import import_module
from typing import TYPE_CHECKING

from search.errors import DataError, InputError, StudyStopped
from search.machine.lacking import is_out_of_memory, lacking
from search.settings.settings import StudySettings
from search.study.trial_facts import TrialFacts, keep_facts
from search.study.trial_record import asked_record
from search.training.environment import training_environment
from search.training.stop_reason import StopReason
from search.workers.going_on import checkpoint_of, tell_again
from search.workers.messages import EpochEvent, StudyJob, TrialOutcome, TrialTask
from search.workers.of_folds import train_on_folds
from search.workers.outcome import outcome_of
from search.workers.reports import Reports
from search.workers.weighing import measured, over_a_limit
from spaces import Hyperparameters
from storage import StorageURL, open_storage
from storage.errors import translate, translated
from storage.patience import patient

if TYPE_CHECKING:
    import optuna

    from search.data import PreparedData
    from search.training.callbacks import EpochCheck
    from storage.study_storage import StudyStorage

# What a trial imports when it comes to it, behind TensorFlow.
_NEEDED = (
    "search.policies.pruners",
    "search.study.learning_curve",
    "search.study.study",
    "search.training.loop",
    "storage.study_storage",
)
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


def get_ready(threads: int) -> None:
    """Import in this process what a trial needs, with `threads` for TensorFlow."""
    from search.machine.tensorflow_start import start_tensorflow

    start_tensorflow(threads)
    for module in _NEEDED:
        import_module(module)


def request_stop(run: str) -> None:
    """End trials of `run` in this process at their next epoch."""
    _stopped.add(run)


def let_go() -> None:
    """Close what is kept open between trials: this process outlives the studies that it trains for."""
    _open_worker.cache_clear()


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

    from search.data import fold_of
    from search.study.data_cache import whole

    _served.add(task.job.run)
    try:
        worker = _open_worker(task.job)
        data = whole(worker.data, worker.settings)
        if (fold := task.fold) is not None:
            data = fold_of(data, fold.number, fold.of, all_rows=fold.all_rows)
        worker = replace(worker, data=data)
    except StudyStopped as error:
        return TrialOutcome("stopped", reason=str(error))
    except (OSError, RuntimeError, ImportError) as error:
        if refused := lacking(error):
            return TrialOutcome("disturbed", reason=refused)
        raise
    trial = Trial(worker.study, task.trial_id)
    if asked_record(trial).intermediate_values:
        raise TrialBegunBefore(f"trial {task.number}")
    try:
        found = _weighed(task, worker)
        if (outcome := over_a_limit(found, worker.settings)) is not None:
            return outcome
        if worker.settings.folds is not None:
            stopped = partial(_stopped.__contains__, task.job.run)
            of_worker = worker.data, worker.settings, worker.environment
            outcome = train_on_folds(task, trial, *of_worker, on_epoch, stopped)
        else:
            outcome = _train(task, trial, worker, on_epoch)
        return replace(outcome, facts=found | outcome.facts)
    except StudyStopped as error:
        return TrialOutcome("stopped", reason=str(error))
    except Exception as error:
        if translate(error) is not None and not isinstance(error, OSError):
            raise
        if is_out_of_memory(error):
            raise OutOfMemory from error
        if refused := lacking(error, known=_runs_code_of_the_user(worker.settings)):
            return TrialOutcome("disturbed", reason=refused)
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:500]
        return TrialOutcome("failed", reason=reason, traceback=traceback.format_exc()[-4000:])


def _weighed(task: TrialTask, worker: _Worker) -> TrialFacts:
    """What the network takes, as `measured`; kept before it is trained, as later ones are compared by it."""
    hyperparameters = Hyperparameters.model_validate_json(task.hyperparameters)
    found = measured(hyperparameters, worker.data.spec, worker.settings)
    if found:
        keep_facts(worker.storage, task.trial_id, found)
    return found


def _runs_code_of_the_user(settings: StudySettings) -> bool:
    """Whether a file that is not there, or a server that is away, may be that code's and not the machine's."""
    return bool(settings.callbacks or settings.model or ":" in (settings.metric or ""))


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
    try:
        loaded.optuna.pruner = build_pruner(settings)
    except InputError as error:  # one of the user's own, which this machine does not have
        raise StudyStopped(str(error)) from error
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
    from search.training.own_callbacks import WatchedTrial, made

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
    number = None if task.fold is None else task.fold.number
    watched = WatchedTrial(task.job.study, task.number, hyperparameters.named, task.seed, number)

    reports = Reports(trial, worker.storage)
    if begin is not None:
        tell_again(begin, task, reports, worker.storage, on_epoch)
    try:
        result = train(
            hyperparameters,
            worker.data,
            epochs=task.epochs,
            patience=task.patience,
            metric=task.job.metric,
            seed=task.seed,
            check=_checking(task, trial, reports, settings, on_epoch, deadline),
            callbacks=made(settings.callbacks, watched),
            bfloat16=settings.precision == "bfloat16",
            begin=begin,
        )
    finally:
        reports.write()
    anew: TrialFacts = {"began_anew": unfit} if unfit else {}
    if result.stop_reason is StopReason.INTERRUPTED:
        left = None if result.checkpoint is None else result.checkpoint.file(training)
        return TrialOutcome("interrupted", result.epochs, facts=anew, checkpoint=left)
    outcome = outcome_of(task, result, worker.data, settings, worker.environment)
    return replace(outcome, facts=outcome.facts | anew)


def _checking(
    task: TrialTask,
    trial: optuna.Trial,
    reports: Reports,
    settings: StudySettings,
    on_epoch: Callable[[EpochEvent], None],
    deadline: float,
) -> EpochCheck:
    """Reports each epoch, and tells whether the training ends with it; `deadline` is by the monotonic clock."""
    from search.policies.pruners import is_asked_after, should_prune

    def check(epoch: int, logs: dict[str, float]) -> StopReason | None:
        value = logs[task.job.metric]
        reports.add(epoch, value)
        on_epoch(EpochEvent(task.number, epoch, value, logs))
        # A trial that has run all its epochs is complete, whatever a rung or a signal at the last epoch would say.
        if epoch == task.epochs:
            return None
        if is_asked_after(epoch, settings):
            reports.write()
            if should_prune(trial):
                return StopReason.PRUNED
        if task.job.run in _stopped:
            return StopReason.INTERRUPTED
        return StopReason.TIMEOUT if time.monotonic() > deadline else None

    return check
