"""One epoch as one compiled graph, kept between trials of equal structure.

A `CompiledEpoch` is traced once. Weights and optimizer slots are variables of open shape, the batch size an
argument and everything else a number in a variable, so that the next trial of the same structure, whatever its
widths, only has to set them.

On small networks a step costs what its kernels cost to start, some hundred of them. So what no step changes is
computed before the loop, and the graph is made without AutoGraph, whose conversions cost more than the tracing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from search.data import DataSpec
from search.training.augmentation import augment_images
from search.training.evaluation import InferenceStructure, compiled_evaluation
from search.training.layers import SETTLED, DropoutMasks, batch_norm, l2_penalty, masked, matmul, moving_rates
from search.training.measures import Measures
from search.training.network.dimensions import largest_shift
from search.training.network.optimizers import OPTIMIZERS, Scalars, adam_rates
from search.training.network.structure import Structure
from search.training.weights import LayerVectors, Weights, matrix, vector
from spaces import Hyperparameters

Tensor = Any
Array = np.ndarray[Any, Any]

# Compiled epochs kept by a process; each takes a few MB.
_KEPT = 32
# Random draws of one step, each with a counter of its own: dropout, augmentation, dropout of inputs.
_DRAWS = 3


@lru_cache(maxsize=_KEPT)
def compiled_epoch(structure: Structure) -> CompiledEpoch:
    """The compiled epoch of `structure`, made at its first use in this process."""
    return CompiledEpoch(structure)


class _Numbers(NamedTuple):
    """Hyperparameters that are numbers in the graph; float32 scalars there."""

    input_dropout: Any
    dropout: Any
    last_dropout: Any
    l2: Any
    smoothing: Any
    momentum: Any
    weight_decay: Any
    scale: Any
    offset: Any
    down: Any
    right: Any


class CompiledEpoch:
    """Trains and evaluates MLPs of one structure, one after the other."""

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self.measures = Measures(structure.task)
        self._weights = Weights(structure.depth, structure.batch_norm)
        self._optimizer = OPTIMIZERS[structure.optimizer]
        self._slots = [
            [matrix() if variable.shape.rank == 2 else vector() for _ in range(self._optimizer.slots)]
            for variable in self._weights.trained
        ]
        self._given = _Numbers(*[0.0] * len(_Numbers._fields))
        self._numbers = tf.Variable(self._given)
        # Kernel and bias of the layer `pca`, for pixels that are augmented before it.
        self._projection = (matrix(), vector())
        self._key = tf.Variable(tf.zeros([1], tf.uint64))
        self._steps = 0
        # Of the moving statistics, as in `moving_rates`.
        self._seen = 0.0
        x = tf.TensorSpec([None, None], tf.uint8 if structure.image else tf.float32)
        y = tf.TensorSpec([None], tf.float32 if structure.task == "regression" else tf.int32)
        order, integer = tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int32)
        of_train = [x, y, order, integer, tf.TensorSpec([None, 3], tf.float32), integer]
        self._train = tf.function(self._train_graph, input_signature=of_train, autograph=False)
        self._evaluate = compiled_evaluation(InferenceStructure.of(structure))

    def reset(
        self,
        hyperparameters: Hyperparameters,
        weights: list[Array],
        spec: DataSpec,
        *,
        seed: int,
        projection: tuple[Array, ...] = (),
    ) -> None:
        """Begin a trial: its weights in Keras's order, its numbers, empty optimizer slots.

        Args:
            weights: of hidden layers and head.
            projection: kernel and bias from pixels to principal components; for augmented images alone.
        """
        self._weights.assign(weights)
        for variable, array in zip(self._projection, projection, strict=False):
            variable.assign(array)
        for variable, slots in zip(self._weights.trained, self._slots, strict=True):
            for slot in slots:
                slot.assign(tf.zeros_like(variable))
        self._given = _Numbers(
            hyperparameters.input_dropout,
            hyperparameters.dropout,
            hyperparameters.dropouts[-1],
            hyperparameters.l2,
            hyperparameters.label_smoothing,
            hyperparameters.momentum,
            hyperparameters.weight_decay,
            spec.scale,
            spec.offset,
            *map(float, largest_shift(hyperparameters, spec)),
        )
        self._numbers.assign(self._given)
        self._key.assign(np.array([seed], np.uint64))
        self._steps = 0
        self._seen = 0.0

    def get_weights(self) -> list[Array]:
        """Copies, in Keras's order."""
        return self._weights.arrays()

    def set_weights(self, weights: list[Array]) -> None:
        """From arrays in Keras's order. Moving statistics that are others than before are taken as settled."""
        before = self._weights.moving.numpy()
        self._weights.assign(weights)
        if not np.array_equal(before, self._weights.moving.numpy()):
            self._seen = SETTLED

    def train(self, x: Tensor, y: Tensor, order: Array, batch_size: int, rates: Array) -> Array:
        """One epoch over rows `order` (int32) of x, in batches; the last may be smaller.

        Args:
            x: (rows, features) float32, or uint8 for images whose pixels the graph has to see.
            rates: learning rate of each step, float32 (steps,).

        Returns:
            The table that `Measures.logs` makes logs of, rows in the order given. Each row is measured by the
            weights before its batch's step, L2 penalty included, as `fit` shows it.
        """
        moving, self._seen = moving_rates(len(order), batch_size, self._seen)
        all_rates = np.stack([rates, adam_rates(rates, self._steps), moving], axis=1)
        table = self._train(x, y, *map(tf.constant, (order, batch_size, all_rates, self._steps)))
        self._steps += len(rates)
        return np.asarray(table)

    def evaluate(self, x: Tensor, y: Tensor, mirrored: Tensor) -> Array:
        """The table of all rows of x in their order, by the moving statistics and without dropout.

        Args:
            mirrored: the same images mirrored, where the structure says so; else of no rows.
        """
        kernels = [kernel.read_value() for kernel in self._weights.kernels]
        vectors, moving = self._weights.vectors.read_value(), self._weights.moving.read_value()
        numbers = (self._given.scale, self._given.offset, self._given.l2, self._given.smoothing)
        return np.asarray(
            self._evaluate(x, mirrored, y, kernels, vectors, moving, *map(tf.constant, numbers))
        )

    def _train_graph(
        self, x: Tensor, y: Tensor, order: Tensor, batch_size: Tensor, rates: Tensor, first: Tensor
    ) -> Any:
        step = _Step(self, x, y, order, batch_size, rates, first)
        begin = (tf.constant(0), self.measures.empty_table(step.count))
        return tf.while_loop(lambda index, _: index < step.count, step, begin)[1].concat()

    def _read_numbers(self) -> _Numbers:
        return _Numbers(*tf.unstack(self._numbers.read_value(), num=len(_Numbers._fields)))


class _Step:
    """The body of the loop over steps, and what is computed once before it."""

    def __init__(
        self,
        epoch: CompiledEpoch,
        x: Tensor,
        y: Tensor,
        order: Tensor,
        batch_size: Tensor,
        rates: Tensor,
        first: Tensor,
    ) -> None:
        self._epoch, self._structure, self._weights = epoch, epoch.structure, epoch._weights
        self._x, self._y, self._order, self._batch_size, self._rates = x, y, order, batch_size, rates
        self.count, self._rows = tf.shape(rates)[0], tf.shape(order)[0]
        self._numbers = epoch._read_numbers()
        self._smoothing = self._numbers.smoothing if self._structure.label_smoothing else None
        self._projection = [variable.read_value() for variable in epoch._projection]
        self._most = tf.cast(self._numbers.down, tf.int32), tf.cast(self._numbers.right, tf.int32)
        self._twice_l2 = 2.0 * self._numbers.l2
        self._key = epoch._key.read_value()
        self._first = tf.cast(first, tf.uint64)
        self._layout = self._weights.layout
        self._activate = keras.activations.get(self._structure.activation)
        self._widths = self._layout.widths(self._weights.kernels)
        self._dropout = DropoutMasks(self._dropout_rates(), self._widths[:-1], self._key)
        inputs = tf.shape(self._weights.kernels[0])[0]
        self._input_dropout = DropoutMasks([self._numbers.input_dropout], [inputs], self._key)

    def __call__(self, index: Tensor, table: tf.TensorArray) -> tuple[Tensor, tf.TensorArray]:
        """One update, and the batch's lines in `table`."""
        start = index * self._batch_size
        end = tf.minimum(start + self._batch_size, self._rows)
        picked, rows = self._order[start:end], end - start
        y = tf.gather(self._y, picked)
        counter = (self._first + tf.cast(index, tf.uint64)) * _DRAWS
        x = self._to_float(tf.gather(self._x, picked), counter)
        if self._structure.input_dropout:
            x *= self._input_dropout.draw(rows, counter + 2)[0]
        lines = self._update(x, y, rows, counter, tf.gather(self._rates, index))
        return index + 1, table.write(index, lines)

    def _update(self, x: Tensor, y: Tensor, rows: Tensor, counter: Tensor, rates: Tensor) -> Tensor:
        measures, row_count = self._epoch.measures, tf.cast(rows, tf.float32)
        kernels = [kernel.read_value() for kernel in self._weights.kernels]
        vectors = self._layout.layers(self._weights.vectors.read_value(), self._widths)
        parts = [part for of_layer in vectors for part in of_layer.parts]
        masks = self._dropout.draw(rows, counter) if self._structure.dropout else []
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([*kernels, *parts])
            outputs, statistics = self._forward(x, row_count, kernels, vectors, masks)
        losses, slopes = measures.losses(outputs, y, self._smoothing)
        gradients = tape.gradient(outputs, [*kernels, *parts], output_gradients=slopes * (1.0 / row_count))
        plain = losses if self._smoothing is None else measures.losses(outputs, y, None)[0]
        if self._structure.l2:
            losses += l2_penalty(kernels[:-1], self._numbers.l2)
            for layer in range(self._structure.depth):
                gradients[layer] += kernels[layer] * self._twice_l2
        of_kernels, of_vectors = gradients[: len(kernels)], tf.concat(gradients[len(kernels) :], 0)
        # A variable that is still being read when its update comes is copied first: all of its weights.
        with tf.control_dependencies([losses]):
            self._apply([*of_kernels, of_vectors], rates)
        self._move(statistics, rates[2])
        return measures.record(losses, plain, outputs, y)

    def _dropout_rates(self) -> list[Tensor]:
        first, last = self._numbers.dropout, self._numbers.last_dropout
        return [last] if self._structure.even_dropout else [first] * (self._structure.depth - 1) + [last]

    def _forward(
        self, x: Tensor, rows: Tensor, kernels: list[Tensor], vectors: list[LayerVectors], masks: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """Outputs in training, and the batch's mean and variance of each normalised layer."""
        statistics: list[Tensor] = []
        bfloat16 = self._structure.bfloat16
        for layer in range(self._structure.depth):
            x = matmul(x, kernels[layer], bfloat16)
            if self._structure.batch_norm:
                x, mean, variance = batch_norm(x, *vectors[layer].gamma_beta, rows)
                statistics += [mean, variance]
            else:
                x = tf.nn.bias_add(x, vectors[layer].bias)
            x = self._activate(x)
            if self._structure.dropout:
                x = masked(x, masks[layer])
        return tf.nn.bias_add(matmul(x, kernels[-1], bfloat16), vectors[-1].bias), statistics

    def _to_float(self, x: Tensor, counter: Tensor) -> Tensor:
        """Images as standardised float32 or their components, augmented where the structure says so."""
        if not self._structure.image:
            return x
        if self._structure.input_shape is not None:
            shape, mirror = self._structure.input_shape, self._structure.mirror
            x = augment_images(x, shape, self._key, counter + 1, self._most, mirror)
        x = tf.cast(x, tf.float32) * self._numbers.scale + self._numbers.offset
        if not self._structure.projected:
            return x
        kernel, bias = self._projection
        return tf.nn.bias_add(matmul(x, kernel, self._structure.bfloat16), bias)

    def _apply(self, gradients: list[Tensor], rates: Tensor) -> None:
        learning_rate, adam_rate, _ = tf.unstack(rates, num=3)
        numbers, nesterov = self._numbers, self._structure.nesterov
        scalars = Scalars(learning_rate, adam_rate, numbers.momentum, numbers.weight_decay, nesterov)
        for variable, slots, gradient in zip(
            self._weights.trained, self._epoch._slots, gradients, strict=True
        ):
            self._epoch._optimizer.update(variable, slots, gradient, scalars)

    def _move(self, statistics: list[Tensor], rate: Tensor) -> None:
        """moving = (1 - rate) * moving + rate * statistics, in one kernel after the difference."""
        if statistics:
            moving = self._weights.moving
            delta = moving - tf.concat(statistics, 0)
            tf.raw_ops.ResourceApplyGradientDescent(var=moving.handle, alpha=rate, delta=delta)
