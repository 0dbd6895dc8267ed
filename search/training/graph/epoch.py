"""One epoch as one compiled graph, kept between trials of equal structure.

A `CompiledEpoch` is traced once. Weights and optimizer slots are variables of open shape, the batch size an
argument and everything else a number in a variable, so that the next trial of the same structure, whatever its
widths, only has to set them.

On small networks a step costs what its kernels cost to start, some hundred of them. So what no step changes is
computed before the loop, and the graph is made without AutoGraph, whose conversions cost more than the tracing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

from search.data import DataSpec
from search.training.graph.calling import CompiledGraph, put, tensor_of
from search.training.graph.evaluation import Evaluation, InferenceStructure, compiled_evaluation
from search.training.graph.head import head_of
from search.training.graph.normalization import SETTLED, moving_rates
from search.training.graph.numbers import Numbers
from search.training.graph.state import GraphState
from search.training.graph.step import Step
from search.training.graph.variables import Variables, open_variable
from search.training.network.optimizers import OPTIMIZERS
from search.training.network.structure import Structure
from search.training.network.weights import open_weights
from spaces import Hyperparameters

Tensor = Any
Array = np.ndarray[Any, Any]

# Compiled epochs kept by a process; each takes a few MB.
_KEPT = 32


@lru_cache(maxsize=_KEPT)
def compiled_epoch(structure: Structure) -> CompiledEpoch:
    """The compiled epoch of `structure`, made at its first use in this process."""
    return CompiledEpoch(structure)


class CompiledEpoch:
    """Trains and evaluates MLPs of one structure, one after the other."""

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self._head = head_of(structure.task, structure.all_outputs, structure.quantile)
        self._variables = Variables(
            open_weights(
                structure.embedding,
                structure.coded > 0,
                structure.members,
                structure.depth,
                structure.batch_norm,
            )
        )
        self._optimizer = OPTIMIZERS[structure.optimizer]
        slots = range(self._optimizer.slots)
        self._slots = [
            [open_variable(variable.shape.rank) for _ in slots] for variable in self._variables.trained
        ]
        self._given = Numbers.none()
        self._numbers = tf.Variable(self._given)
        self._class_weights = tf.Variable(tf.ones([1]), shape=[None])
        # Kernel and bias of the layer `pca`, for pixels that are augmented before it.
        self._projection = (open_variable(2), open_variable(1))
        self._key = tf.Variable(tf.zeros([1], tf.uint64))
        self._steps = 0
        # Of the moving statistics, as in `moving_rates`.
        self._seen = 0.0
        # Of all variables, as the last epoch has left them.
        self._left: list[Tensor] | None = None
        x = tf.TensorSpec([None, None], tf.uint8 if structure.image else tf.float32)
        y = self._head.y_spec
        order, integer = tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int32)
        of_train = [x, y, order, integer, tf.TensorSpec([None, 3], tf.float32), integer]
        of_train += [tf.TensorSpec([None], tf.float32)] if structure.row_weight else []
        graph = tf.function(self._train_graph, input_signature=of_train, autograph=False)
        self._train = CompiledGraph(graph)
        self._evaluate = compiled_evaluation(InferenceStructure.of(structure))

    def reset(
        self,
        hyperparameters: Hyperparameters,
        weights: list[Array],
        spec: DataSpec,
        *,
        seed: int,
        projection: tuple[Array, ...] = (),
        class_weights: Array | None = None,
    ) -> None:
        """Begin a trial: its weights in Keras's order, its numbers, empty optimizer slots.

        Args:
            weights: of hidden layers and head.
            projection: kernel and bias from pixels to principal components; for augmented images alone.
            class_weights: of each class, float32 (classes,), where the structure has any; without them all are 1.
        """
        self._assign(weights)
        for variable, array in zip(self._projection, projection, strict=False):
            put(variable, array)
        for variable, slots in zip(self._variables.trained, self._slots, strict=True):
            for slot in slots:
                put(slot, tf.zeros_like(tensor_of(variable)))
        self._given = Numbers.of(hyperparameters, spec)
        put(self._numbers, np.array(self._given, np.float32))
        alike = np.ones(max(1, len(spec.class_names)), np.float32)
        put(self._class_weights, alike if class_weights is None else class_weights)
        put(self._key, np.array([seed], np.uint64))
        self._steps = 0
        self._seen = 0.0

    def state(self) -> GraphState:
        """A copy of all that steps have changed."""
        slots = [tensor_of(slot).numpy() for slots in self._slots for slot in slots]
        return GraphState(self.get_weights(), slots, self._steps, self._seen)

    def go_on(self, state: GraphState) -> None:
        """After `reset`: from where an equal training was.

        Raises:
            ValueError: it had other weights or another optimizer.
        """
        slots = [slot for slots in self._slots for slot in slots]
        now = self.state()
        for here, given in ((now.weights, state.weights), (now.slots, state.slots)):
            if [array.shape for array in here] != [array.shape for array in given]:
                raise ValueError("the state of a training of other weights")
        self._assign(state.weights)
        for slot, array in zip(slots, state.slots, strict=True):
            put(slot, array)
        self._steps, self._seen = state.steps, state.seen

    def get_weights(self) -> list[Array]:
        """Copies, in Keras's order."""
        return self._variables.arrays(self._values())

    def set_weights(self, weights: list[Array]) -> None:
        """From arrays in Keras's order. Moving statistics that are others than before are taken as settled."""
        before = tensor_of(self._variables.moving).numpy()
        self._assign(weights)
        if not np.array_equal(before, tensor_of(self._variables.moving).numpy()):
            self._seen = SETTLED

    def train(
        self,
        x: Tensor,
        y: Tensor,
        order: Array,
        batch_size: int,
        rates: Array,
        row_weights: Tensor | None = None,
    ) -> Array:
        """One epoch over rows `order` (int32) of x, in batches; the last may be smaller.

        Args:
            x: (rows, features) float32, or uint8 for images whose pixels the graph has to see.
            rates: learning rate of each step, float32 (steps,).
            row_weights: of all rows of x, float32 (rows,), where the structure has any: losses are multiplied by them,
                and their sum divided by the rows of a batch.

        Returns:
            The table that `measures` makes logs of, rows in the order given. Each row is measured by the
            weights before its batch's step, L2 penalty included, as `fit` shows it.
        """
        moving, self._seen = moving_rates(len(order), batch_size, self._seen)
        all_rates = np.stack([rates, self._optimizer.corrected(rates, self._steps), moving], axis=1)
        weighed = () if row_weights is None else (row_weights,)
        # Held no longer: the first update would copy them.
        self._left = None
        given = map(tf.constant, (order, batch_size, all_rates, self._steps))
        table, *self._left = self._train(x, y, *given, *weighed)
        self._steps += len(rates)
        return np.asarray(table)

    def evaluate(self, x: Tensor, y: Tensor, mirrored: Tensor) -> Array:
        """The table of all rows of x in their order, by the moving statistics and without dropout.

        Args:
            mirrored: the same images mirrored, where the structure says so; else of no rows.
        """
        numbers = (self._given.scale, self._given.offset, self._given.l2, self._given.smoothing)
        return np.asarray(self._evaluate(x, mirrored, y, *self._values(), *map(tf.constant, numbers)))

    def outputs(self, x: Tensor, mirrored: Tensor) -> Array:
        """What the head answers for all rows of x before its activation, float32 (rows, units); as `evaluate`."""
        evaluation = Evaluation(InferenceStructure.of(self.structure))
        numbers = (self._given.scale, self._given.offset)
        *own, shared, moving = self._values()
        return np.asarray(evaluation.outputs(x, mirrored, own, shared, moving, *map(tf.constant, numbers)))

    def _values(self) -> list[Tensor]:
        """Of all variables, as an evaluation takes them."""
        if self._left is None:
            self._left = [tensor_of(variable) for variable in self._variables.all]
        return self._left

    def _assign(self, weights: list[Array]) -> None:
        self._left = None
        self._variables.assign(weights)

    def _train_graph(
        self,
        x: Tensor,
        y: Tensor,
        order: Tensor,
        batch_size: Tensor,
        rates: Tensor,
        first: Tensor,
        row_weights: Tensor | None = None,
    ) -> Any:
        step = Step(
            self.structure,
            self._variables,
            self._slots,
            Numbers(*tf.unstack(self._numbers.read_value(), num=len(Numbers._fields))),
            (self._projection[0].read_value(), self._projection[1].read_value()),
            self._key.read_value(),
            self._class_weights.read_value(),
            (x, y, order, batch_size),
            rates,
            first,
            row_weights,
        )
        begin = (tf.constant(0), self._head.empty_table(step.count))
        table = tf.while_loop(lambda index, _: index < step.count, step, begin)[1].concat()
        # Read here, once, for validation and whoever keeps the weights.
        return table, *(variable.read_value() for variable in self._variables.all)
