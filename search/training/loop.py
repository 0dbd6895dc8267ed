"""Train one model: compiled epochs under Keras's callbacks, ending with the best epoch's weights."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np

from search.data import DataSpec, PreparedData
from search.errors import StudyStopped
from search.settings.metrics import direction_of, is_better
from search.training.callbacks import EpochCheck, StopTraining
from search.training.graph.epoch import compiled_epoch
from search.training.keras_form.initial import initial_weights
from search.training.keras_form.model import build_model
from search.training.measures import logs_of
from search.training.network.structure import Structure
from search.training.network.weights import parameter_count
from search.training.rows import inputs_of
from search.training.schedules import build_optimizer, learning_rates, schedule_callbacks
from search.training.stop_reason import StopReason
from spaces import Hyperparameters

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class TrainingResult:
    """One finished training. `weights` are those of `best_epoch`, in Keras's order.

    `history` holds one value per epoch run, by Keras's log names. Epochs count from 1. `best_epoch` is 0
    when no epoch gave a finite metric.
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

    @cached_property
    def model(self) -> keras.Model:
        """A plain Keras model with these weights, built when it is first asked for: most trials need none."""
        model = build_model(self.hyperparameters, self.spec)
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
) -> TrainingResult:
    """Train on the training split of `data`, judge on its validation split.

    Args:
        metric: the log to watch, such as `val_accuracy`.
        seed: of weights, shuffling, dropout and augmentation.
        check: asked after each epoch, with its logs; a reason ends the training properly. Pruning or interrupting what
            ends at this epoch anyway has no effect.
        callbacks: more Keras callbacks, run before the check; they see a real model, whose optimizer holds the rate.
        bfloat16: round the factors of matrix products to bfloat16; everything else stays float32.

    Raises:
        StudyStopped: `metric` is not among the logs, so no trial can be judged.
    """
    started = time.perf_counter()
    run = _Run(hyperparameters, data, epochs, metric, seed, bool(callbacks), bfloat16)
    mode = "max" if direction_of(metric) == "maximize" else "min"
    stop = StopTraining(metric, check, run.is_finite)
    hooks = keras.callbacks.CallbackList(
        [
            *schedule_callbacks(hyperparameters, monitor=metric, mode=mode),
            *callbacks,
            keras.callbacks.EarlyStopping(metric, mode=mode, patience=patience),
            stop,
        ],
        add_history=True,
        epochs=epochs,
        steps=run.steps,
        verbose=0,
        model=run.model,
    )
    run.epochs_under(hooks)
    history = run.model.history.history
    if stop.reason is StopReason.NO_METRIC:
        raise StudyStopped(f"metric '{metric}' is not measured; expected one of {', '.join(sorted(history))}")
    ran = len(history["loss"])
    return TrainingResult(
        hyperparameters=hyperparameters,
        spec=data.spec,
        weights=run.best_weights,
        history=history,
        best_epoch=run.best_epoch,
        epochs=ran,
        stop_reason=stop.reason or (StopReason.EPOCHS if ran == epochs else StopReason.EARLY),
        parameters=parameter_count(hyperparameters, data.spec),
        seconds=time.perf_counter() - started,
    )


@dataclass
class _Reins:
    """What Keras's own callbacks touch of a model: enough when no user's callback wants to see its layers."""

    optimizer: keras.optimizers.Optimizer
    stop_training: bool = False
    history: Any = None


class _Run:
    """One training in progress. `model` is a real Keras model only when callbacks of a user look at it."""

    def __init__(
        self,
        hyperparameters: Hyperparameters,
        data: PreparedData,
        epochs: int,
        metric: str,
        seed: int,
        watched: bool,
        bfloat16: bool,
    ) -> None:
        self._spec, self._seed, self._epochs, self._watched = data.spec, seed, epochs, watched
        self._metric, self._direction = metric, direction_of(metric)
        self._batch_size = hyperparameters.batch_size
        self._inputs = inputs_of(hyperparameters, data)
        self.steps = -(-data.spec.rows.train // self._batch_size)
        optimizer = build_optimizer(hyperparameters, total_steps=epochs * self.steps)
        self.model: Any = _Reins(optimizer)
        if watched:
            self.model = build_model(hyperparameters, data.spec, seed=seed)
            # Without a loss: nothing is trained or measured by Keras, and callbacks are given logs.
            self.model.compile(optimizer)
        self._epoch = compiled_epoch(Structure.of(hyperparameters, data.spec, bfloat16=bfloat16))
        weights = initial_weights(hyperparameters, data.spec, seed, self._inputs.frozen)
        self._epoch.reset(hyperparameters, weights, data.spec, seed=seed, projection=self._inputs.projection)
        self.best_weights = [*self._inputs.projection, *weights]
        self.best_epoch = 0
        self._best: float | None = None
        self._finite_weights = True
        if watched:
            self.model.set_weights(self.best_weights)

    def epochs_under(self, hooks: keras.callbacks.CallbackList) -> None:
        """All epochs, with the hooks of `fit` in its order; `on_train_end` is called whatever ends them early.

        Batch hooks are called once an epoch, as `fit` does when `steps_per_execution` is the whole epoch.
        """
        try:
            logs = self._run_epochs(hooks)
        except BaseException:
            # Writers are closed here too; what fails in that must not hide why training failed.
            for hook in hooks.callbacks:
                with suppress(Exception):
                    hook.on_train_end({})
            raise
        hooks.on_train_end(logs)
        if self._watched:
            self.model.set_weights(self.best_weights)

    def is_finite(self, logs: dict[str, float]) -> bool:
        """Whether the epoch that ended with `logs` can be judged: its losses, its metric and its weights are numbers.

        Weights are looked at where the epoch would be the best: accuracy can be a number where they are none.
        """
        watched = (logs.get("loss", 0.0), logs.get("val_loss", 0.0), logs.get(self._metric, math.nan))
        return self._finite_weights and all(map(math.isfinite, watched))

    def _run_epochs(self, hooks: keras.callbacks.CallbackList) -> dict[str, float]:
        """The logs of the last epoch."""
        self.model.stop_training = False
        logs: dict[str, float] = {}
        hooks.on_train_begin()
        for epoch in range(self._epochs):
            hooks.on_epoch_begin(epoch)
            self._take_weights()
            hooks.on_train_batch_begin(0)
            logs = self._train(epoch)
            hooks.on_train_batch_end(self.steps - 1, logs)
            hooks.on_test_begin()
            hooks.on_test_batch_begin(0)
            validation = self._validate()
            hooks.on_test_batch_end(0, validation)
            hooks.on_test_end(validation)
            logs = {**logs, **{f"val_{name}": value for name, value in validation.items()}}
            self._keep_best(epoch, logs)
            self._show_weights()
            hooks.on_epoch_end(epoch, logs)
            self._take_weights()
            if self.model.stop_training:
                break
        return logs

    def _train(self, epoch: int) -> dict[str, float]:
        shuffle = np.random.default_rng([self._seed, epoch])
        order = shuffle.permutation(self._spec.rows.train).astype(np.int32)
        rates = learning_rates(self.model.optimizer, epoch * self.steps, self.steps)
        table = self._epoch.train(*self._inputs.train, order, self._batch_size, rates)
        self.model.optimizer.iterations.assign((epoch + 1) * self.steps)
        return logs_of(table, self._spec)

    def _validate(self) -> dict[str, float]:
        table = self._epoch.evaluate(*self._inputs.validation, self._inputs.mirrored)
        return logs_of(table, self._spec)

    def _keep_best(self, epoch: int, logs: dict[str, float]) -> None:
        if not self.is_finite(logs) or not is_better(logs[self._metric], self._best, self._direction):
            return
        weights = self._weights()
        self._finite_weights = all(np.isfinite(weight).all() for weight in weights)
        if self._finite_weights:
            self._best, self.best_epoch, self.best_weights = logs[self._metric], epoch + 1, weights

    def _weights(self) -> list[Array]:
        return [*self._inputs.projection, *self._epoch.get_weights()]

    def _show_weights(self) -> None:
        if self._watched:
            self.model.set_weights(self._weights())

    def _take_weights(self) -> None:
        """A user's callback may have changed them."""
        if self._watched:
            self._epoch.set_weights(self.model.get_weights()[len(self._inputs.projection) :])
