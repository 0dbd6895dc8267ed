"""A network of the user's own as what `Run` trains: each epoch a call of Keras's `fit`."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from search.data import DataSpec, PreparedData
from search.settings.quantiles import quantile_of
from search.training.compiled_learner import shuffled, weights_of_classes
from search.training.graph.state import GraphState
from search.training.measures import logs_of
from search.training.network.effort import steps
from search.training.own_callbacks import hears_batches
from search.training.own_model.answers import answered_table
from search.training.own_model.building import built
from search.training.own_model.loss import loss_of
from search.training.schedules import build_optimizer
from spaces import Hyperparameters

Array = np.ndarray[Any, Any]


class FitLearner:
    """A `Learner`, at the beginning of its training.

    Training rows are measured after the epoch, by as many of them as there are validation rows, drawn by the seed; the
    loss is that of `fit`, over the epoch. A model that is compiled keeps its optimizer and its loss.
    """

    def __init__(
        self, hyperparameters: Hyperparameters, data: PreparedData, epochs: int, metric: str, seed: int
    ) -> None:
        self._spec, self._seed = data.spec, seed
        self._asked = (metric.removeprefix("val_"),)
        self._batch_size = hyperparameters.batch_size
        self._train, self._validation = data.training(), data.validation()
        self._train_weights, self._validation_weights = data.training_weights(), data.validation_weights()
        self._in_loss = _weights_in_loss(hyperparameters, data)
        rows = data.spec.rows
        drawn = np.random.default_rng([seed, epochs, rows.train]).permutation(rows.train)
        self._measured = np.sort(drawn[: rows.validation])
        self.steps = steps(rows.train, self._batch_size)
        self.model = compiled(
            built(hyperparameters, data.spec, seed),
            hyperparameters,
            data.spec,
            total_steps=epochs * self.steps,
            quantile=quantile_of(self._asked),
        )
        self.parameters = self.model.count_params()
        self.optimizer = self.model.optimizer
        self.optimizer.build(self.model.trainable_variables)

    def train(self, epoch: int, hooks: keras.callbacks.CallbackList) -> dict[str, float]:
        x, y = self._train
        order = shuffled(self._seed, epoch, len(y))
        # `fit` takes an epoch for the whole training: it would forget who asked to stop, and what came before.
        stop, before = self.model.stop_training, self.model.history
        history = self.model.fit(
            x[order],
            y[order],
            sample_weight=None if self._in_loss is None else self._in_loss[order],
            batch_size=self._batch_size,
            shuffle=False,
            verbose=0,
            callbacks=[_Batches(hooks)] if hears_batches(hooks.callbacks) else [],
        )
        self.model.stop_training, self.model.history = stop or self.model.stop_training, before
        some = self._measured
        weights = None if self._train_weights is None else self._train_weights[some]
        return self._measure(x[some], y[some], weights) | {"loss": float(history.history["loss"][0])}

    def validate(self) -> dict[str, float]:
        return self._measure(*self._validation, self._validation_weights)

    def weights(self) -> list[Array]:
        return [np.array(weight) for weight in self.model.get_weights()]

    def set_weights(self, weights: list[Array]) -> None:
        self.model.set_weights(weights)

    def state(self) -> GraphState:
        model, optimizer = self.model.variables, self.optimizer.variables
        return GraphState([one.numpy() for one in model], [one.numpy() for one in optimizer], 0, 0.0)

    def go_on(self, state: GraphState, epochs: int) -> None:
        for variables, given in (
            (self.model.variables, state.weights),
            (self.optimizer.variables, state.slots),
        ):
            if [tuple(one.shape) for one in variables] != [array.shape for array in given]:
                raise ValueError("the state of a training of other weights")
            for variable, array in zip(variables, given, strict=True):
                variable.assign(array)

    def _measure(self, x: Array, y: Array, weights: Array | None) -> dict[str, float]:
        table = answered_table(self.model, x, y, self._spec, self._asked)
        return logs_of(table, self._spec, self._asked, weights)


class _Batches(keras.callbacks.Callback):
    """Passes on what `fit` tells of batches, and nothing of its one epoch."""

    def __init__(self, hooks: keras.callbacks.CallbackList) -> None:
        super().__init__()
        self._hooks = hooks

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._hooks.on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._hooks.on_train_batch_end(batch, logs)


def compiled(
    model: keras.Model,
    hyperparameters: Hyperparameters,
    spec: DataSpec,
    *,
    total_steps: int,
    quantile: float | None = None,
) -> keras.Model:
    """With the optimizer and schedule of `hyperparameters` and the loss of the task; one that is compiled stays so."""
    if not model.compiled:
        optimizer = build_optimizer(hyperparameters, total_steps=total_steps)
        model.compile(optimizer, loss=loss_of(hyperparameters, spec, quantile))
    return model


def _weights_in_loss(hyperparameters: Hyperparameters, data: PreparedData) -> Array | None:
    """How much the loss of each training row counts, float32 (rows,): by its own weight and its class."""
    weights = data.training_weights()
    if hyperparameters.class_weight == 0 or not data.spec.class_names:
        return weights
    _, labels = data.training()
    of_class = weights_of_classes(hyperparameters, data)[labels]
    return of_class if weights is None else of_class * weights
