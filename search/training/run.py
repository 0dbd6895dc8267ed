"""One training in progress: epochs of a `Learner`, the hooks of Keras's `fit` around them, the best weights so far."""

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
from search.training.compiled_learner import CompiledLearner
from search.training.fit_learner import FitLearner
from search.training.forms import model_of
from search.training.learner import Learner
from search.training.schedules import Rate, is_scheduled
from spaces import Hyperparameters

Array = np.ndarray[Any, Any]


@dataclass
class _Reins:
    """What Keras's own callbacks touch of a model: enough when no user's callback wants to see its layers."""

    optimizer: keras.optimizers.Optimizer | Rate
    stop_training: bool = False
    history: Any = None


def learner_of(
    hyperparameters: Hyperparameters,
    data: PreparedData,
    epochs: int,
    metric: str,
    seed: int,
    bfloat16: bool,
    watched: bool = False,
) -> Learner:
    """Our networks learn by a compiled epoch, those of a user's own by Keras's `fit`.

    Args:
        watched: whether callbacks of a user look at it.
    """
    if hyperparameters.network:
        return FitLearner(hyperparameters, data, epochs, metric, seed)
    return CompiledLearner(hyperparameters, data, epochs, metric, seed, bfloat16, watched)


class Run:
    """One training in progress.

    `model` is a real Keras model where that is what learns. Of a compiled epoch it is one, with the weights after each
    epoch, only when callbacks of a user look at it.
    """

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
        self._epochs = epochs
        self._metric, self._direction = metric, direction_of(metric)
        self._learner = learner_of(hyperparameters, data, epochs, metric, seed, bfloat16, watched)
        self.steps, self.parameters = self._learner.steps, self._learner.parameters
        optimizer = self._learner.optimizer
        self._watched = watched
        self._is_copied = watched and self._learner.model is None
        self.model: Any = self._learner.model or _Reins(optimizer)
        if self._is_copied:
            self.model = model_of(hyperparameters, data.spec, seed=seed)
            # Without a loss: nothing is trained or measured by this model, and callbacks are given logs.
            self.model.compile(optimizer)
        self.best_weights = self._learner.weights()
        self.best_epoch = 0
        self._best: float | None = None
        self._finite_weights = True
        if self._is_copied:
            self.model.set_weights(self.best_weights)

    def epochs_under(self, hooks: keras.callbacks.CallbackList, begin: Checkpoint | None) -> None:
        """All epochs after those of `begin`, with the hooks of `fit` in its order.

        `on_train_end` is called whatever ends them early.
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
        if self._is_copied:
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
            graph=self._learner.state(),
            history=self.model.history.history,
            best=self._best,
            best_epoch=self.best_epoch,
            best_weights=self.best_weights,
            learning_rate=None if is_scheduled(optimizer) else float(optimizer.learning_rate),
            callbacks=states_of(hooks.callbacks),
            seconds=seconds,
        )

    def _go_on(self, hooks: keras.callbacks.CallbackList, begin: Checkpoint) -> None:
        self._learner.go_on(begin.graph, begin.epochs)
        self._best, self.best_epoch, self.best_weights = begin.best, begin.best_epoch, begin.best_weights
        if begin.learning_rate is not None:
            self.model.optimizer.learning_rate = begin.learning_rate
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
            logs = self._learner.train(epoch, hooks)
            validation = self._validated(hooks) if self._watched else self._learner.validate()
            logs = {**logs, **{f"val_{name}": value for name, value in validation.items()}}
            self._keep_best(epoch, logs)
            self._show_weights()
            hooks.on_epoch_end(epoch, logs)
            self._take_weights()
            if self.model.stop_training:
                break
        return logs

    def _validated(self, hooks: keras.callbacks.CallbackList) -> dict[str, float]:
        """Under the hooks of validation, which callbacks of ours have not."""
        hooks.on_test_begin()
        hooks.on_test_batch_begin(0)
        validation = self._learner.validate()
        hooks.on_test_batch_end(0, validation)
        hooks.on_test_end(validation)
        return validation

    def _keep_best(self, epoch: int, logs: dict[str, float]) -> None:
        if not self.is_finite(logs) or not is_better(logs[self._metric], self._best, self._direction):
            return
        weights = self._learner.weights()
        self._finite_weights = all(np.isfinite(weight).all() for weight in weights)
        if self._finite_weights:
            self._best, self.best_epoch, self.best_weights = logs[self._metric], epoch + 1, weights

    def _show_weights(self) -> None:
        if self._is_copied:
            self.model.set_weights(self._learner.weights())

    def _take_weights(self) -> None:
        """A user's callback may have changed them."""
        if self._is_copied:
            self._learner.set_weights(self.model.get_weights())
