"""One epoch as one compiled graph, kept between trials of equal structure.

A `CompiledEpoch` is traced once. Weights and optimizer slots are variables of open shape, the batch size an
argument and everything else a scalar variable, so that the next trial of the same structure, whatever its
widths, only has to set them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from search.data import DataSpec
from search.training.augmentation import augment_images
from search.training.layers import MOMENTUM, batch_norm, dropout_masks, masked, matmul, moving_batch_norm
from search.training.measures import Measures
from search.training.updates import Scalars, update_of
from spaces import Hyperparameters

Tensor = Any
Array = np.ndarray[Any, Any]

# Compiled epochs kept by a process; each takes a few MB.
_KEPT = 32
# Validation needs no gradient, so larger batches fit and cost less dispatch.
VALIDATION_BATCH = 1024
# Random draws of one step, each with a counter of its own: dropout, augmentation.
_DRAWS = 2


@dataclass(frozen=True)
class Structure:
    """What a graph depends on. Widths, rates and the batch size are not part of it."""

    task: str
    depth: int
    activation: str
    batch_norm: bool
    dropout: bool
    l2: bool
    label_smoothing: bool
    optimizer: str
    nesterov: bool
    augment: str
    input_shape: tuple[int, ...] | None
    image: bool
    bfloat16: bool

    @classmethod
    def of(cls, hyperparameters: Hyperparameters, spec: DataSpec, *, bfloat16: bool) -> Structure:
        augment = hyperparameters.augment if spec.kind == "image" else "none"
        return cls(
            task=spec.task,
            depth=hyperparameters.depth,
            activation=hyperparameters.activation,
            batch_norm=hyperparameters.batch_norm,
            dropout=hyperparameters.dropout > 0,
            l2=hyperparameters.l2 > 0,
            label_smoothing=hyperparameters.label_smoothing > 0 and spec.task != "regression",
            optimizer=hyperparameters.optimizer,
            nesterov=hyperparameters.optimizer == "sgd" and hyperparameters.nesterov,
            augment=augment,
            input_shape=spec.input_shape if augment != "none" else None,
            image=spec.kind == "image",
            bfloat16=bfloat16,
        )


@dataclass(frozen=True)
class EpochSums:
    """What an epoch measured: the loss summed over rows (L2 included), and `Measures`' sums."""

    loss: float
    sums: tuple[Any, ...]


@lru_cache(maxsize=_KEPT)
def compiled_epoch(structure: Structure) -> CompiledEpoch:
    """The compiled epoch of `structure`, made at its first use in this process."""
    return CompiledEpoch(structure)


class CompiledEpoch:
    """Trains and evaluates MLPs of one structure, one after the other.

    Weights are ordered as Keras orders those of `build_model`: per hidden layer kernel, bias, gamma, beta,
    moving mean, moving variance (the last four with batch normalization), then the head's kernel and bias.
    """

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self.measures = Measures(structure.task)
        layers = range(structure.depth)
        self._kernels = [_matrix() for _ in range(structure.depth + 1)]
        self._biases = [_vector() for _ in range(structure.depth + 1)]
        normalised = layers if structure.batch_norm else ()
        self._gammas, self._betas = [_vector() for _ in normalised], [_vector() for _ in normalised]
        self._means, self._variances = [_vector() for _ in normalised], [_vector() for _ in normalised]
        # A bias in front of batch normalization is subtracted with the mean: its gradient is zero, and what
        # Keras computes for it is rounding noise, which Adam and Lion blow up. It stays at zero here.
        trained_biases = self._biases[-1:] if structure.batch_norm else self._biases
        self._trained = [*self._kernels, *trained_biases, *self._gammas, *self._betas]
        self._update = update_of(structure.optimizer, structure.nesterov)
        self._slots = [[_like(variable) for _ in range(self._update.slots)] for variable in self._trained]
        self._rate, self._l2, self._smoothing = _scalar(), _scalar(), _scalar()
        self._momentum, self._weight_decay = _scalar(), _scalar()
        self._scale = _scalar()
        self._step = _scalar()
        self._key = tf.Variable(tf.zeros([1], tf.uint64))
        x = tf.TensorSpec([None, None], tf.uint8 if structure.image else tf.float32)
        y = tf.TensorSpec([None], tf.float32 if structure.task == "regression" else tf.int32)
        integers, integer = tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int32)
        rates = tf.TensorSpec([None], tf.float32)
        self._train = tf.function(self._train_graph, input_signature=[x, y, integers, integer, rates])
        self._evaluate = tf.function(self._evaluate_graph, input_signature=[x, y])

    @property
    def weights(self) -> list[Any]:
        """All weights, in Keras's order."""
        ordered: list[Any] = []
        for layer in range(self.structure.depth):
            ordered += [self._kernels[layer], self._biases[layer]]
            if self.structure.batch_norm:
                ordered += [
                    self._gammas[layer],
                    self._betas[layer],
                    self._means[layer],
                    self._variances[layer],
                ]
        return [*ordered, self._kernels[-1], self._biases[-1]]

    def reset(
        self, hyperparameters: Hyperparameters, weights: list[Array], *, scale: float, seed: int
    ) -> None:
        """Begin a trial: its weights, its rates, empty optimizer slots."""
        self.set_weights(weights)
        for variable, slots in zip(self._trained, self._slots, strict=True):
            for slot in slots:
                slot.assign(tf.zeros_like(variable))
        for scalar, value in (
            (self._rate, hyperparameters.dropout),
            (self._l2, hyperparameters.l2),
            (self._smoothing, hyperparameters.label_smoothing),
            (self._momentum, hyperparameters.momentum),
            (self._weight_decay, hyperparameters.weight_decay),
            (self._scale, scale),
            (self._step, 0.0),
        ):
            scalar.assign(value)
        self._key.assign(np.array([seed], np.uint64))

    def get_weights(self) -> list[Array]:
        """Copies, in Keras's order."""
        return [variable.numpy() for variable in self.weights]

    def set_weights(self, weights: list[Array]) -> None:
        """From arrays in Keras's order."""
        for variable, value in zip(self.weights, weights, strict=True):
            variable.assign(value)

    def train(self, x: Tensor, y: Tensor, order: Array, batch_size: int, rates: Array) -> EpochSums:
        """One epoch over rows `order` (int32) of x, in batches; the last may be smaller.

        Args:
            x: (rows, features) float32, or uint8 for images.
            rates: learning rate of each step, float32 (steps,).
        """
        loss, sums = self._train(x, y, tf.constant(order), tf.constant(batch_size), tf.constant(rates))
        return EpochSums(float(loss), tuple(value.numpy() for value in sums))

    def evaluate(self, x: Tensor, y: Tensor) -> EpochSums:
        """Loss and metrics of all rows of x, by the moving statistics and without dropout."""
        loss, sums = self._evaluate(x, y)
        return EpochSums(float(loss), tuple(value.numpy() for value in sums))

    def _train_graph(self, x: Tensor, y: Tensor, order: Tensor, batch_size: Tensor, rates: Tensor) -> Any:
        rows = tf.shape(order)[0]
        loss, sums = tf.constant(0.0), self.measures.zeros()
        for step in tf.range(tf.shape(rates)[0]):
            picked = order[step * batch_size : tf.minimum((step + 1) * batch_size, rows)]
            x_batch, y_batch = tf.gather(x, picked), tf.gather(y, picked)
            batch_loss, outputs = self._train_step(x_batch, y_batch, rates[step])
            loss += batch_loss * tf.cast(tf.shape(picked)[0], tf.float32)
            sums = self.measures.add(sums, outputs, y_batch)
        return loss, sums

    def _train_step(self, x: Tensor, y: Tensor, learning_rate: Tensor) -> tuple[Tensor, Tensor]:
        """One update; the batch's mean loss with the L2 penalty of the weights before it, and the outputs."""
        step = self._step.assign_add(1.0)
        counter = tf.cast(step, tf.uint64) * _DRAWS
        smoothing = self._smoothing if self.structure.label_smoothing else None
        x = self._to_float(x, counter)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self._trained)
            outputs, statistics = self._forward(x, counter)
            loss = tf.reduce_mean(self.measures.losses(outputs, y, smoothing))
        gradients = tape.gradient(loss, self._trained)
        loss += self._penalty()
        scalars = Scalars.at(step, learning_rate, self._momentum, self._weight_decay)
        for index, (variable, slots, gradient) in enumerate(
            zip(self._trained, self._slots, gradients, strict=True)
        ):
            if self.structure.l2 and index < self.structure.depth:  # the hidden kernels come first
                gradient += variable * (2.0 * self._l2)
            self._update.apply(variable, slots, gradient, scalars)
        for layer, (mean, variance) in enumerate(statistics):
            _move(self._means[layer], mean)
            _move(self._variances[layer], variance)
        return loss, outputs

    def _forward(self, x: Tensor, counter: Tensor) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """Outputs in training, and the batch statistics of each normalised layer."""
        statistics = []
        masks = self._dropout_masks(tf.shape(x)[0], counter) if self.structure.dropout else []
        for layer in range(self.structure.depth):
            x = self._dense(x, layer, bfloat16=self.structure.bfloat16)
            if self.structure.batch_norm:
                x, mean, variance = batch_norm(x, self._gammas[layer], self._betas[layer])
                statistics.append((mean, variance))
            x = self._activate(x)
            if self.structure.dropout:
                x = masked(x, masks[layer])
        return self._head(x, bfloat16=self.structure.bfloat16), statistics

    def _dropout_masks(self, rows: Tensor, counter: Tensor) -> list[Tensor]:
        widths = [tf.shape(kernel)[1] for kernel in self._kernels[:-1]]
        return dropout_masks(rows, widths, self._rate, self._key, counter)

    def _evaluate_graph(self, x: Tensor, y: Tensor) -> Any:
        rows = tf.shape(y)[0]
        smoothing = self._smoothing if self.structure.label_smoothing else None
        loss, sums = tf.constant(0.0), self.measures.zeros()
        for start in tf.range(0, rows, VALIDATION_BATCH):
            x_batch, y_batch = x[start : start + VALIDATION_BATCH], y[start : start + VALIDATION_BATCH]
            outputs = self._infer(self._to_float(x_batch, None))
            loss += tf.reduce_sum(self.measures.losses(outputs, y_batch, smoothing))
            sums = self.measures.add(sums, outputs, y_batch)
        return loss + self._penalty() * tf.cast(rows, tf.float32), sums

    def _infer(self, x: Tensor) -> Tensor:
        """Outputs outside training; always by float32 products, as the exported model computes them."""
        for layer in range(self.structure.depth):
            x = self._dense(x, layer)
            if self.structure.batch_norm:
                of_layer = (self._gammas, self._betas, self._means, self._variances)
                x = moving_batch_norm(x, *(variables[layer] for variables in of_layer))
            x = self._activate(x)
        return self._head(x)

    def _dense(self, x: Tensor, layer: int, *, bfloat16: bool = False) -> Tensor:
        product = matmul(x, self._kernels[layer], bfloat16)
        return product if self.structure.batch_norm else tf.nn.bias_add(product, self._biases[layer])

    def _head(self, x: Tensor, *, bfloat16: bool = False) -> Tensor:
        return tf.nn.bias_add(matmul(x, self._kernels[-1], bfloat16), self._biases[-1])

    def _to_float(self, x: Tensor, counter: Tensor | None) -> Tensor:
        """Images as float32 in 0..1, augmented where a counter is given."""
        if not self.structure.image:
            return x
        if counter is not None and self.structure.input_shape is not None:
            mirror = self.structure.augment == "shift_flip"
            x = augment_images(x, self.structure.input_shape, self._key, counter + 1, mirror)
        return tf.cast(x, tf.float32) * self._scale

    def _activate(self, x: Tensor) -> Tensor:
        return keras.activations.get(self.structure.activation)(x)

    def _penalty(self) -> Tensor:
        """L2 of the hidden kernels; 0 in a structure without it."""
        if not self.structure.l2:
            return tf.constant(0.0)
        # l2_loss is half the sum of squares.
        return 2.0 * self._l2 * tf.add_n([tf.nn.l2_loss(kernel) for kernel in self._kernels[:-1]])


def _move(average: Any, value: Tensor) -> None:
    """average = MOMENTUM * average + (1 - MOMENTUM) * value, in one kernel after the difference."""
    tf.raw_ops.ResourceApplyGradientDescent(var=average.handle, alpha=1.0 - MOMENTUM, delta=average - value)


def _matrix() -> Any:
    return tf.Variable(tf.zeros([1, 1]), shape=[None, None])


def _vector() -> Any:
    return tf.Variable(tf.zeros([1]), shape=[None])


def _like(variable: Any) -> Any:
    return _matrix() if variable.shape.rank == 2 else _vector()


def _scalar() -> Any:
    return tf.Variable(0.0)
