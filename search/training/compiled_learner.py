"""Our networks as what `Run` trains: a compiled epoch, and the rows as it takes them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from search.data import PreparedData
from search.training.graph.epoch import compiled_epoch
from search.training.graph.state import GraphState
from search.training.keras_form.initial import initial_weights
from search.training.measures import logs_of
from search.training.network.class_weights import class_weights
from search.training.network.effort import steps
from search.training.network.structure import Structure
from search.training.network.weights import parameter_count
from search.training.rows import inputs_of
from search.training.schedules import Rate, build_optimizer, learning_rates
from spaces import Hyperparameters

Array = np.ndarray[Any, Any]


class CompiledLearner:
    """A `Learner`, at the beginning of its training."""

    def __init__(
        self,
        hyperparameters: Hyperparameters,
        data: PreparedData,
        epochs: int,
        metric: str,
        seed: int,
        bfloat16: bool,
        watched: bool = False,
    ) -> None:
        """
        Args:
            watched: whether callbacks of a user look at the optimizer.
        """
        self.model = None
        self._spec, self._seed = data.spec, seed
        self._asked = (metric.removeprefix("val_"),)
        self._batch_size = hyperparameters.batch_size
        self._inputs = inputs_of(hyperparameters, data)
        self._train_weights, self._validation_weights = data.training_weights(), data.validation_weights()
        self.steps = steps(data.spec.rows.train, self._batch_size)
        self.parameters = parameter_count(hyperparameters, data.spec)
        self._watched = watched
        made = build_optimizer if watched else Rate
        self.optimizer = made(hyperparameters, total_steps=epochs * self.steps)
        structure = Structure.of(hyperparameters, data.spec, bfloat16=bfloat16, asked=self._asked)
        self._epoch = compiled_epoch(structure)
        self._epoch.reset(
            hyperparameters,
            initial_weights(hyperparameters, data.spec, seed, self._inputs.frozen),
            data.spec,
            seed=seed,
            projection=self._inputs.projection,
            class_weights=weights_of_classes(hyperparameters, data) if structure.class_weight else None,
        )

    def train(self, epoch: int, hooks: keras.callbacks.CallbackList) -> dict[str, float]:
        """Hooks of batches, which callbacks of ours have not, are called once for all of them.

        So does `fit` when `steps_per_execution` is the whole epoch.
        """
        if self._watched:
            hooks.on_train_batch_begin(0)
        order = shuffled(self._seed, epoch, self._spec.rows.train)
        rates = learning_rates(self.optimizer, epoch * self.steps, self.steps)
        table = self._epoch.train(*self._inputs.train, order, self._batch_size, rates, self._inputs.weights)
        self._count(epoch + 1)
        weights = None if self._train_weights is None else self._train_weights[order]
        logs = logs_of(table, self._spec, self._asked, weights, of_training=True)
        if self._watched:
            hooks.on_train_batch_end(self.steps - 1, logs)
        return logs

    def validate(self) -> dict[str, float]:
        table = self._epoch.evaluate(*self._inputs.validation, self._inputs.mirrored)
        return logs_of(table, self._spec, self._asked, self._validation_weights)

    def weights(self) -> list[Array]:
        return [*self._inputs.projection, *self._epoch.get_weights()]

    def set_weights(self, weights: list[Array]) -> None:
        self._epoch.set_weights(weights[len(self._inputs.projection) :])

    def state(self) -> GraphState:
        return self._epoch.state()

    def go_on(self, state: GraphState, epochs: int) -> None:
        self._epoch.go_on(state)
        self._count(epochs)

    def _count(self, epochs: int) -> None:
        """So many epochs are behind the optimizer."""
        if not isinstance(self.optimizer, Rate):
            self.optimizer.iterations.assign(epochs * self.steps)


def shuffled(seed: int, epoch: int, rows: int) -> Array:
    """The order of training rows in `epoch`, int32 (rows,)."""
    return np.random.default_rng([seed, epoch]).permutation(rows).astype(np.int32)


def weights_of_classes(hyperparameters: Hyperparameters, data: PreparedData) -> Array:
    """How much a row of each class counts, float32 (classes,)."""
    _, labels = data.training()
    return class_weights(
        hyperparameters.class_weight, labels, len(data.spec.class_names), data.training_weights()
    )
