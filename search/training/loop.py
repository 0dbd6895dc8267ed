"""Train one model: epochs under Keras's callbacks, ending with the best epoch's weights."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import keras
import numpy as np

from search.data import DataSpec, PreparedData
from search.errors import StudyStopped
from search.settings.metrics import direction_of
from search.training.callbacks import EpochCheck, Patience, StopTraining
from search.training.checkpoint import Checkpoint
from search.training.forms import model_of
from search.training.run import Run
from search.training.schedules import schedule_callbacks
from search.training.stop_reason import StopReason
from spaces import Hyperparameters

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class TrainingResult:
    """One finished training. `weights` are those of `best_epoch`, in Keras's order.

    `history` holds one value per epoch run, by Keras's log names. Epochs count from 1. `best_epoch` is 0
    when no epoch gave a finite metric. `checkpoint` is of one that was interrupted, if its state can be known.
    """

    hyperparameters: Hyperparameters
    spec: DataSpec
    weights: list[Array]
    history: dict[str, list[float]]
    best_epoch: int
    epochs: int
    stop_reason: StopReason
    parameters: int
    seconds: float
    checkpoint: Checkpoint | None = field(default=None, repr=False)

    @cached_property
    def model(self) -> keras.Model:
        """A plain Keras model with these weights, built when it is first asked for: most trials need none."""
        model = model_of(self.hyperparameters, self.spec)
        model.set_weights(self.weights)
        return model


def train(
    hyperparameters: Hyperparameters,
    data: PreparedData,
    *,
    epochs: int,
    patience: int,
    metric: str,
    seed: int,
    check: EpochCheck = lambda epoch, logs: None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    bfloat16: bool = False,
    begin: Checkpoint | None = None,
) -> TrainingResult:
    """Train on the training split of `data`, judge on its validation split.

    Args:
        metric: the log to watch, such as `val_accuracy`.
        seed: of weights, shuffling, dropout and augmentation.
        check: asked after each epoch, with its logs; a reason ends the training properly. Pruning or interrupting what
            ends at this epoch anyway has no effect.
        callbacks: more Keras callbacks, run before the check; they see a real model, whose optimizer holds the rate.
            What they remember cannot be known, so a training with any leaves no checkpoint and begins from none.
        bfloat16: round the factors of matrix products to bfloat16; everything else stays float32.
        begin: where an equal training was interrupted: this one ends as that one would have ended, to the last bit.
            `check` is asked from the next epoch on.

    Raises:
        ValueError: `begin` is of other weights, or there are callbacks that have not seen its epochs.
        StudyStopped: `metric` is not among the logs, so no trial can be judged.
    """
    if begin is not None and callbacks:
        raise ValueError("callbacks have not seen the epochs before the checkpoint")
    started = time.perf_counter() - (0.0 if begin is None else begin.seconds)
    run = Run(hyperparameters, data, epochs, metric, seed, bool(callbacks), bfloat16)
    mode = "max" if direction_of(metric) == "maximize" else "min"
    stop = StopTraining(metric, check, run.is_finite)
    early = Patience(metric, mode=mode, patience=patience)
    hooks = keras.callbacks.CallbackList(
        [
            *schedule_callbacks(hyperparameters, monitor=metric, mode=mode),
            *callbacks,
            early,
            stop,
        ],
        add_history=True,
        epochs=epochs,
        steps=run.steps,
        verbose=0,
        model=run.model,
    )
    run.epochs_under(hooks, begin)
    history = run.model.history.history
    if stop.reason is StopReason.NO_METRIC:
        raise StudyStopped(f"metric '{metric}' is not measured; expected one of {', '.join(sorted(history))}")
    ran = len(history["loss"])
    seconds = time.perf_counter() - started
    interrupted = stop.reason is StopReason.INTERRUPTED and not callbacks
    ended = StopReason.EPOCHS if ran == epochs else _ended_by(early)
    return TrainingResult(
        hyperparameters=hyperparameters,
        spec=data.spec,
        weights=run.best_weights,
        history=history,
        best_epoch=run.best_epoch,
        epochs=ran,
        stop_reason=stop.reason or ended,
        parameters=run.parameters,
        seconds=seconds,
        checkpoint=run.checkpoint(hooks, seconds) if interrupted else None,
    )


def _ended_by(early: keras.callbacks.EarlyStopping) -> StopReason:
    """What ended a training that nobody objected to before its last epoch; Keras counts epochs from 0."""
    return StopReason.EARLY if early.stopped_epoch > 0 else StopReason.CALLBACK
