"""What a worker tells of a training that came to an end: the value, and all that is kept of it."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from search.settings.metrics import direction_of, is_better
from search.settings.settings import StudySettings
from search.study.aim_values import metrics_among
from search.study.at_best import at_best
from search.study.row_scores import FILE_NAME, scores_file
from search.study.trial_facts import TrialFacts
from search.training.decision import is_decided
from search.training.stop_reason import Stop, StopReason
from search.workers.messages import TrialOutcome, TrialTask

if TYPE_CHECKING:
    import keras

    from search.data import PreparedData
    from search.training.loop import TrainingResult


def outcome_of(
    task: TrialTask,
    result: TrainingResult,
    data: PreparedData,
    settings: StudySettings,
    environment: Mapping[str, str],
) -> TrialOutcome:
    """Of a training that was not interrupted, on `data`, in an `environment` as `search.training.environment` says."""
    why = result.stop_reason
    stop = Stop(why, None if why is StopReason.EPOCHS else result.epochs)
    facts = _facts(task, result, stop, environment, metrics_among(settings.aims))
    if why in (StopReason.PRUNED, StopReason.NOT_FINITE):
        return TrialOutcome(
            "pruned", result.epochs, reason=stop.text(), facts=facts, files=_curves(task, result)
        )
    facts |= _decision(task, result, data, settings)
    value = result.history[task.job.metric][result.best_epoch - 1]
    better = is_better(value, task.best, direction_of(task.job.metric))
    return TrialOutcome(
        "complete",
        result.epochs,
        value,
        stop.text() if why is StopReason.TIMEOUT else "",
        facts=facts,
        files=_curves(task, result) | _scores(task, result, data, settings),
        model=_model_file(result) if better or task.keep_model else None,
    )


def _facts(
    task: TrialTask,
    result: TrainingResult,
    stop: Stop,
    environment: Mapping[str, str],
    others: Sequence[str],
) -> TrialFacts:
    """Small ones; the whole history is an artifact."""
    facts: TrialFacts = {
        "epochs": result.epochs,
        "parameters": result.parameters,
        "seconds": round(result.seconds, 3),
        "stop_reason": stop,
        "seed": task.seed,
        **where_it_ran(environment),
    }
    if result.best_epoch:
        reached = at_best(result.history, task.job.metric, result.best_epoch, others)
        facts |= {"best_epoch": result.best_epoch, "at_best": reached}
    return facts


def where_it_ran(environment: Mapping[str, str]) -> TrialFacts:
    """This process and its machine, and its `environment`."""
    return {"host": socket.gethostname(), "process": os.getpid(), "environment": environment}


def _curves(task: TrialTask, result: TrainingResult) -> dict[str, bytes]:
    from search.study.history import history_csv
    from search.study.learning_curve import learning_curve_svg

    title = f"trial {task.number}"
    curve = learning_curve_svg(result.history, task.job.metric, result.best_epoch, title)
    return {"learning_curve.svg": curve, "history.csv": history_csv(result.history)}


def _decision(
    task: TrialTask, result: TrainingResult, data: PreparedData, settings: StudySettings
) -> TrialFacts:
    """The threshold that validation rows fit at the best epoch; nothing where the metric needs none."""
    metric = task.job.metric.removeprefix("val_")
    if not is_decided(metric, result.spec.task):
        return {}
    from search.study.data_cache import whole
    from search.training.scoring import decision_on_rows

    rows = whole(data, settings)
    x, y = rows.validation()
    found = decision_on_rows(
        result.hyperparameters, result.spec, result.weights, x, y, metric, rows.validation_weights()
    )
    return {} if found is None else {"decision": found}


def _scores(
    task: TrialTask, result: TrainingResult, data: PreparedData, settings: StudySettings
) -> dict[str, bytes]:
    """Of each validation row at the best epoch, float32 (rows,); nothing where the metric is no mean over rows."""
    if not task.keep_scores:
        return {}
    from search.study.data_cache import whole
    from search.training.scoring import score_rows

    metric = task.job.metric.removeprefix("val_")
    rows = whole(data, settings)
    x, y = rows.validation()
    scores = score_rows(
        result.hyperparameters, result.spec, result.weights, x, y, metric, rows.validation_weights()
    )
    return {} if scores is None else {FILE_NAME: scores_file(scores)}


def _model_file(result: TrainingResult) -> bytes:
    from search.data import attach_preprocessing

    return file_of(attach_preprocessing(result.model, result.spec))


def file_of(model: keras.Model) -> bytes:
    """A model as its `.keras` file: Keras saves to a path alone."""
    from search.machine.temporary import temporary_folder

    with temporary_folder() as folder:
        path = folder / "model.keras"
        model.save(path)
        return path.read_bytes()
