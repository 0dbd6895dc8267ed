"""One trial of a study of folds: a training on each, after which the pruner is asked; its value is their mean."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from search.policies.pruners import should_prune
from search.settings.metrics import direction_of, is_better
from search.settings.settings import StudySettings
from search.study.folds import mean_at_best, seed_of_fold
from search.study.history import curves_of_folds, history_csv
from search.study.trial_facts import TrialFacts
from search.training.decision import decision_of, is_decided
from search.training.stop_reason import Stop, StopReason
from search.workers.messages import EpochEvent, TrialOutcome, TrialTask
from search.workers.outcome import file_of, where_it_ran
from spaces import Hyperparameters

if TYPE_CHECKING:
    import optuna

    from search.data import PreparedData
    from search.training.callbacks import EpochCheck
    from search.training.loop import TrainingResult

# What ends a trial as it stands, whatever the folds before came to.
_WITHOUT_VALUE = (StopReason.PRUNED, StopReason.NOT_FINITE)


def train_on_folds(
    task: TrialTask,
    trial: optuna.Trial,
    data: PreparedData,
    settings: StudySettings,
    environment: Mapping[str, str],
    on_epoch: Callable[[EpochEvent], None],
    stopped: Callable[[], bool],
) -> TrialOutcome:
    """`task` on each fold of `data` in turn, each value reported to `trial` at the fold's number, from 1.

    Each fold has its share of the trial's time, so that none is left out for the others. A trial that is interrupted
    begins anew: it leaves no checkpoint.
    """
    from search.data import fitted_fold
    from search.training.loop import train
    from search.training.own_callbacks import WatchedTrial, made

    folds = settings.folds or 1
    share = (settings.trial_timeout or float("inf")) / folds
    hyperparameters = Hyperparameters.model_validate_json(task.hyperparameters)
    results: list[TrainingResult] = []
    why = StopReason.EPOCHS
    for number in range(folds):
        before = sum(result.epochs for result in results)
        seed = seed_of_fold(task.seed, number)
        watched = WatchedTrial(task.job.study, task.number, hyperparameters.named, seed, number)
        result = train(
            hyperparameters,
            fitted_fold(data, number, folds),
            epochs=task.epochs,
            patience=task.patience,
            metric=task.job.metric,
            seed=seed,
            check=_checking(task, before, on_epoch, stopped, time.monotonic() + share),
            callbacks=made(settings.callbacks, watched),
            bfloat16=settings.precision == "bfloat16",
        )
        if result.stop_reason is StopReason.INTERRUPTED:
            return TrialOutcome("interrupted", before + result.epochs)
        results.append(result)
        why = result.stop_reason
        if why is StopReason.NOT_FINITE:
            break
        _report(trial, number + 1, result.history[task.job.metric][result.best_epoch - 1])
        # One that has run on all folds is complete, whatever a comparison or a signal at its end would say.
        if number + 1 == folds:
            break
        if should_prune(trial):
            why = StopReason.PRUNED
            break
        if stopped():
            return TrialOutcome("interrupted", before + result.epochs)
    outcome = _outcome(task, results, why, environment)
    if outcome.state != "complete":
        return outcome
    return replace(outcome, facts=outcome.facts | _decision(task, results, data))


def _report(trial: optuna.Trial, fold: int, value: float) -> None:
    """As Optuna's `report`, which it refuses where there are several aims."""
    trial.study._storage.set_trial_intermediate_value(trial._trial_id, fold, value)


def _checking(
    task: TrialTask,
    before: int,
    on_epoch: Callable[[EpochEvent], None],
    stopped: Callable[[], bool],
    deadline: float,
) -> EpochCheck:
    """Tells of each epoch, counted over all folds, and whether the training ends with it; reports nothing."""

    def check(epoch: int, logs: dict[str, float]) -> StopReason | None:
        on_epoch(EpochEvent(task.number, before + epoch, logs[task.job.metric], logs))
        if epoch == task.epochs:
            return None
        if stopped():
            return StopReason.INTERRUPTED
        return StopReason.TIMEOUT if time.monotonic() > deadline else None

    return check


def _outcome(
    task: TrialTask, results: list[TrainingResult], why: StopReason, environment: Mapping[str, str]
) -> TrialOutcome:
    epochs, metric = sum(result.epochs for result in results), task.job.metric
    stop = Stop(why, None if why is StopReason.EPOCHS else epochs)
    histories = [result.history for result in results]
    facts: TrialFacts = {
        "epochs": epochs,
        "parameters": max(result.parameters for result in results),
        "seconds": round(sum(result.seconds for result in results), 3),
        "stop_reason": stop,
        "seed": task.seed,
        **where_it_ran(environment),
    }
    best_epochs = [result.best_epoch for result in results]
    if all(best_epochs):
        facts["at_best"] = mean_at_best(histories, metric, best_epochs)
    files = {"history.csv": history_csv(curves_of_folds(histories))}
    if why in _WITHOUT_VALUE:
        return TrialOutcome("pruned", epochs, reason=stop.text(), facts=facts, files=files)
    value = facts["at_best"][metric]
    better = is_better(value, task.best, direction_of(metric))
    timed_out = any(result.stop_reason is StopReason.TIMEOUT for result in results)
    return TrialOutcome(
        "complete",
        epochs,
        value,
        StopReason.TIMEOUT.value if timed_out else "",
        facts=facts,
        files=files,
        model=_model_file(results) if better or task.keep_model else None,
    )


def _decision(task: TrialTask, results: list[TrainingResult], data: PreparedData) -> TrialFacts:
    """The threshold that the rows of all folds fit, each answered by the network that did not see it.

    Nothing where the metric needs none.
    """
    metric = task.job.metric.removeprefix("val_")
    if not is_decided(metric, data.spec.task):
        return {}
    from search.data import fitted_fold
    from search.training.scoring import row_outputs

    logits, labels, weights = [], [], []
    for number, one in enumerate(results):
        fold = fitted_fold(data, number, len(results))
        x, y = fold.validation()
        logits.append(row_outputs(one.hyperparameters, one.spec, one.weights, x)[:, 0])
        labels.append(np.asarray(y))
        weights.append(fold.validation_weights())
    counts = None if weights[0] is None else np.concatenate([of for of in weights if of is not None])
    found = decision_of(np.concatenate(logits), np.concatenate(labels), metric, counts)
    return {} if found is None else {"decision": found}


def _model_file(results: list[TrainingResult]) -> bytes:
    from search.training.of_folds import mean_of_folds

    return file_of(mean_of_folds(results))
