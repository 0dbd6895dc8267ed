"""Lean layers: what Keras's layers compute, in fewer kernels, with their gradients written out.

All take and return float32 (batch, units). Automatic gradients of the same formulas reduce broadcast shapes
by several small kernels per operation, which on small networks cost more than the arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

Tensor = Any
Array = np.ndarray[Any, Any]

# Keras's defaults of BatchNormalization.
EPSILON = 1e-3
MOMENTUM = 0.99
# What the weights of infinitely many batches come to.
SETTLED = 1.0 / (1.0 - MOMENTUM)

_PHILOX = 1
_UINT16_RANGE = 65536.0


def matmul(x: Tensor, kernel: Tensor, bfloat16: bool) -> Tensor:
    """x (batch, inputs) times kernel (inputs, units); with `bfloat16` the factors are rounded to it."""
    if not bfloat16:
        return tf.matmul(x, kernel)
    # The product of bfloat16 factors is summed in float32 inside the kernel.
    return tf.cast(tf.matmul(tf.cast(x, tf.bfloat16), tf.cast(kernel, tf.bfloat16)), tf.float32)


@tf.custom_gradient
def batch_norm(x: Tensor, gamma: Tensor, beta: Tensor, rows: Tensor) -> tuple[Any, Callable[..., Any]]:
    """x normalised over the batch, times gamma, plus beta; and the batch's mean and biased variance.

    Ioffe & Szegedy 2015, algorithm 1; the gradient is theirs (section 3), with the sums over the batch
    shared between x, gamma and beta, and everything that is one number a unit taken out of the matrices.

    Args:
        rows: rows of x, float32.
    """
    mean = tf.reduce_mean(x, 0)
    centred = x - mean
    variance = tf.reduce_mean(tf.square(centred), 0)
    inverse = tf.math.rsqrt(variance + EPSILON)
    scale = gamma * inverse

    def gradient(dy: Tensor, *of_statistics: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        del of_statistics  # mean and variance only update the moving averages
        d_beta = tf.reduce_sum(dy, 0)
        d_gamma = tf.reduce_sum(dy * centred, 0) * inverse
        dx = (dy - d_beta / rows - centred * (d_gamma * (inverse / rows))) * scale
        return dx, d_gamma, d_beta, None

    return (centred * scale + beta, mean, variance), gradient


def moving_batch_norm(x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    """Batch normalisation as it is outside training: by the moving statistics."""
    scale = gamma * tf.math.rsqrt(variance + EPSILON)
    return x * scale + (beta - mean * scale)


def moving_rates(rows: int, batch_size: int, seen: float) -> tuple[Array, float]:
    """How far each step of an epoch moves the moving statistics to its batch's, float32 (steps,); and the next `seen`.

    Moving by 1 - MOMENTUM each time leaves 82 % of the initial mean 0 and variance 1 after 20 steps. These rates give
    what is left when that share is taken out, as Adam does with its moments (Kingma & Ba 2015, section 3): 1 at the
    first step, and in the end 1 - MOMENTUM. A batch counts by its rows: a last one of two rows is no half of the data.

    Args:
        seen: sum of the weights of all batches before, each MOMENTUM times less for every step since: 0 at the start,
            `SETTLED` where the statistics count as if there had been very many.
    """
    steps = -(-rows // batch_size)
    last = (rows - (steps - 1) * batch_size) / min(batch_size, rows)
    decay = MOMENTUM ** np.arange(1, steps + 1)
    sums = decay * seen + (1.0 - decay) * SETTLED
    sums[-1] -= 1.0 - last
    rates = 1.0 / sums
    rates[-1] *= last
    return rates.astype(np.float32), float(sums[-1])


def l2_penalty(kernels: list[Tensor], l2: Tensor) -> Tensor:
    """`l2` times the sum of all squares, as Keras's L2 regularizer adds it to the loss."""
    # l2_loss is half the sum of squares.
    return 2.0 * l2 * tf.add_n([tf.nn.l2_loss(kernel) for kernel in kernels])


class DropoutMasks:
    """Draws the dropout masks of all layers by one call of Philox a step, sixteen bits an entry.

    That is half the cost of 32 bits, and the rate is met to 1/65,536. On small networks a chain of kernels for
    each layer costs more than the bits. Made outside the loop over steps, so that what no step changes is
    computed once.
    """

    def __init__(self, rates: list[Tensor], widths: list[Tensor], key: Tensor) -> None:
        """
        Args:
            rates: share of entries to drop, float32 scalars: one of all layers, or one of each.
            widths: units of each layer, int32 scalars.
            key: uint64 (1,), from the trial's seed.
        """
        self._key = key
        self._widths = tf.stack(widths)
        self._shapes = [tf.stack([-1, width]) for width in widths]
        self._thresholds = [tf.cast(rate * _UINT16_RANGE, tf.uint16) for rate in rates]
        self._scales = [1.0 / (1.0 - rate) for rate in rates]

    def draw(self, rows: Tensor, counter: Tensor) -> list[Tensor]:
        """For each layer a mask (rows, width): 0 in a share `rate` of the entries, 1 / (1 - rate) in the others.

        Entries of one rate are compared together: kernels of their own for each layer cost a small network more.

        Args:
            rows: int32 scalar.
            counter: uint64 scalar, another for each step.
        """
        sizes = rows * self._widths
        entries = tf.reduce_sum(sizes)
        bits = tf.raw_ops.StatelessRandomUniformFullIntV2(
            shape=tf.reshape((entries + 1) // 2, [1]),
            key=self._key,
            counter=tf.stack([tf.constant(0, tf.uint64), counter]),
            alg=_PHILOX,
            dtype=tf.uint32,
        )
        halves = tf.reshape(tf.bitcast(bits, tf.uint16), [-1])[:entries]
        count = len(self._shapes)
        if len(self._scales) == 1:
            parts = tf.split(self._mask(halves, 0), sizes, num=count)
        else:
            split = tf.split(halves, sizes, num=count)
            parts = [self._mask(part, layer) for layer, part in enumerate(split)]
        return [tf.reshape(part, shape) for part, shape in zip(parts, self._shapes, strict=True)]

    def _mask(self, halves: Tensor, rate: int) -> Tensor:
        return tf.cast(halves >= self._thresholds[rate], tf.float32) * self._scales[rate]


@tf.custom_gradient
def masked(x: Tensor, mask: Tensor) -> tuple[Any, Callable[..., Any]]:
    """x times mask, of which no gradient is needed."""

    def gradient(dy: Tensor) -> tuple[Tensor, None]:
        return dy * mask, None

    return x * mask, gradient
