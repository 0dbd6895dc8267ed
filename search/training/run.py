"""One training in progress: a compiled epoch, the hooks of Keras's `fit` around it, the best weights so far."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from search.data import PreparedData
from search.settings.metrics import direction_of, is_better
from search.training.callbacks import give_states, states_of
from search.training.checkpoint import Checkpoint
from search.training.graph.epoch import compiled_epoch
from search.training.keras_form.initial import initial_weights
from search.training.keras_form.model import build_model
from search.training.measures import logs_of
from search.training.network.class_weights import class_weights
from search.training.network.effort import steps
from search.training.network.structure import Structure
from search.training.rows import inputs_of
from search.training.schedules import build_optimizer, is_scheduled, learning_rates
from spaces import Hyperparameters

Array = np.ndarray[Any, Any]


@dataclass
class _Reins:
    """What Keras's own callbacks touch of a model: enough when no user's callback wants to see its layers."""

    optimizer: keras.optimizers.Optimizer
    stop_training: bool = False
    history: Any = None


def _class_weights(hyperparameters: Hyperparameters, data: PreparedData) -> Array:
    _, labels = data.training()
    return class_weights(
        hyperparameters.class_weight, labels, len(data.spec.class_names), data.training_weights()
    )


class Run:
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
        self._asked = (metric.removeprefix("val_"),)
        self._batch_size = hyperparameters.batch_size
        self._inputs = inputs_of(hyperparameters, data)
        self._train_weights, self._validation_weights = data.training_weights(), data.validation_weights()
        self.steps = steps(data.spec.rows.train, self._batch_size)
        optimizer = build_optimizer(hyperparameters, total_steps=epochs * self.steps)
        self.model: Any = _Reins(optimizer)
        if watched:
            self.model = build_model(hyperparameters, data.spec, seed=seed)
            # Without a loss: nothing is trained or measured by Keras, and callbacks are given logs.
            self.model.compile(optimizer)
        structure = Structure.of(hyperparameters, data.spec, bfloat16=bfloat16, asked=self._asked)
        self._epoch = compiled_epoch(structure)
        weights = initial_weights(hyperparameters, data.spec, seed, self._inputs.frozen)
        self._epoch.reset(
            hyperparameters,
            weights,
            data.spec,
            seed=seed,
            projection=self._inputs.projection,
            class_weights=_class_weights(hyperparameters, data) if structure.class_weight else None,
        )
        self.best_weights = [*self._inputs.projection, *weights]
        self.best_epoch = 0
        self._best: float | None = None
        self._finite_weights = True
        if watched:
            self.model.set_weights(self.best_weights)

    def epochs_under(self, hooks: keras.callbacks.CallbackList, begin: Checkpoint | None) -> None:
        """All epochs after those of `begin`, with the hooks of `fit` in its order.

        `on_train_end` is called whatever ends them early.

        Batch hooks are called once an epoch, as `fit` does when `steps_per_execution` is the whole epoch.
        """
        try:
            logs = self._run_epochs(hooks, begin)
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

    def checkpoint(self, hooks: keras.callbacks.CallbackList, seconds: float) -> Checkpoint:
        """Where this training is now, after so many seconds."""
        optimizer = self.model.optimizer
        return Checkpoint(
            graph=self._epoch.state(),
            history=self.model.history.history,
            best=self._best,
            best_epoch=self.best_epoch,
            best_weights=self.best_weights,
            learning_rate=None if is_scheduled(optimizer) else float(optimizer.learning_rate),
            callbacks=states_of(hooks.callbacks),
            seconds=seconds,
        )

    def _go_on(self, hooks: keras.callbacks.CallbackList, begin: Checkpoint) -> None:
        self._epoch.go_on(begin.graph)
        self._best, self.best_epoch, self.best_weights = begin.best, begin.best_epoch, begin.best_weights
        if begin.learning_rate is not None:
            self.model.optimizer.learning_rate = begin.learning_rate
        self.model.optimizer.iterations.assign(begin.epochs * self.steps)
        self.model.history.history.update({name: [*values] for name, values in begin.history.items()})
        give_states(hooks.callbacks, begin.callbacks)

    def _run_epochs(self, hooks: keras.callbacks.CallbackList, begin: Checkpoint | None) -> dict[str, float]:
        """The logs of the last epoch."""
        self.model.stop_training = False
        logs: dict[str, float] = {}
        hooks.on_train_begin()
        if begin is not None:
            self._go_on(hooks, begin)
        for epoch in range(0 if begin is None else begin.epochs, self._epochs):
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
        table = self._epoch.train(*self._inputs.train, order, self._batch_size, rates, self._inputs.weights)
        self.model.optimizer.iterations.assign((epoch + 1) * self.steps)
        weights = None if self._train_weights is None else self._train_weights[order]
        return logs_of(table, self._spec, self._asked, weights, of_training=True)

    def _validate(self) -> dict[str, float]:
        table = self._epoch.evaluate(*self._inputs.validation, self._inputs.mirrored)
        return logs_of(table, self._spec, self._asked, self._validation_weights)

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
