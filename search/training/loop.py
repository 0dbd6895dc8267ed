"""Train one model: epochs under Keras's callbacks, ending with the best epoch's weights."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from search.data import DataSpec, PreparedData
from search.errors import StudyStopped
from search.metrics import direction_of
from search.training.callbacks import EpochCheck, StopReason, StopTraining
from search.training.model import build_model
from search.training.objective import build_loss, build_metrics
from search.training.optimizers import build_optimizer, schedule_callbacks
from spaces import Hyperparameters

# Validation needs no gradient, so larger batches fit and cost less dispatch.
_VALIDATION_BATCH = 1024


@dataclass(frozen=True)
class TrainingResult:
    """One finished training; `model` has the weights of `best_epoch` and is not compiled.

    (A compiled one would carry this project's losses and metrics into every file it is saved to.)
    `history` holds one value per epoch run, by Keras's log names. Epochs count from 1. `best_epoch` is 0
    when no epoch gave a finite metric.
    """

    model: keras.Model
    history: dict[str, list[float]]
    best_epoch: int
    epochs: int
    stop_reason: StopReason
    parameters: int
    seconds: float


def train(
    hyperparameters: Hyperparameters,
    data: PreparedData,
    *,
    epochs: int,
    patience: int,
    metric: str,
    seed: int,
    check: EpochCheck = lambda epoch, value: None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> TrainingResult:
    """Train on the training split of `data`, judge on its validation split.

    Args:
        metric: the log to watch, such as `val_accuracy`.
        seed: of weights, shuffling, dropout and augmentation.
        check: asked after each epoch; a reason ends the training properly.
        callbacks: more Keras callbacks, run before the check.

    Raises:
        StudyStopped: `metric` is not among the logs, so no trial can be judged.
    """
    started = time.perf_counter()
    # Keras keeps every graph of a process alive until it is told that they are done with.
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    (x, y), validation = data.training(), data.validation()
    model = build_model(hyperparameters, data.spec, seed=seed)
    steps = -(-len(x) // hyperparameters.batch_size)
    model.compile(
        optimizer=build_optimizer(hyperparameters, total_steps=epochs * steps),
        loss=build_loss(data.spec, hyperparameters.label_smoothing),
        metrics=build_metrics(data.spec),
    )
    mode = "max" if direction_of(metric) == "maximize" else "min"
    early = keras.callbacks.EarlyStopping(
        metric, mode=mode, patience=patience, restore_best_weights=True, verbose=0
    )
    stop = StopTraining(metric, check)
    fitted = model.fit(
        x,
        _column(y, data.spec),
        batch_size=hyperparameters.batch_size,
        epochs=epochs,
        validation_data=(validation[0], _column(validation[1], data.spec)),
        validation_batch_size=_VALIDATION_BATCH,
        callbacks=[*schedule_callbacks(hyperparameters, monitor=metric, mode=mode), *callbacks, early, stop],
        verbose=0,
    )
    history = {name: [float(value) for value in values] for name, values in fitted.history.items()}
    if stop.reason is StopReason.NO_METRIC:
        raise StudyStopped(f"metric '{metric}' is not measured; expected one of {', '.join(sorted(history))}")
    run = len(history["loss"])
    return TrainingResult(
        model=keras.Model(model.inputs, model.outputs, name=model.name),
        history=history,
        best_epoch=best_epoch(history[metric], mode),
        epochs=run,
        stop_reason=stop.reason or (StopReason.EPOCHS if run == epochs else StopReason.EARLY),
        parameters=model.count_params(),
        seconds=time.perf_counter() - started,
    )


def best_epoch(values: Sequence[float], mode: str) -> int:
    """The first epoch with the best finite value, from 1; 0 when there is none."""
    numbers = np.asarray(values, dtype=np.float64)
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    if np.isnan(numbers).all():
        return 0
    return int(np.nanargmax(numbers) if mode == "max" else np.nanargmin(numbers)) + 1


def _column(y: Any, spec: DataSpec) -> Any:
    """Targets of one-unit heads as (rows, 1), the shape of their predictions."""
    return y if spec.task == "multiclass" else np.asarray(y, dtype=np.float32).reshape(-1, 1)
