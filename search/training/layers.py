"""Lean layers: what Keras's layers compute, in fewer kernels, with their gradients written out.

All take and return float32 (batch, units). Automatic gradients of the same formulas reduce broadcast shapes
by several small kernels per operation, which on small networks cost more than the arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

Tensor = Any

# Keras's defaults of BatchNormalization.
EPSILON = 1e-3
MOMENTUM = 0.99

_PHILOX = 1
_UINT16_RANGE = 65536.0


def matmul(x: Tensor, kernel: Tensor, bfloat16: bool) -> Tensor:
    """x (batch, inputs) times kernel (inputs, units); with `bfloat16` the factors are rounded to it."""
    if not bfloat16:
        return tf.matmul(x, kernel)
    # The product of bfloat16 factors is summed in float32 inside the kernel.
    return tf.cast(tf.matmul(tf.cast(x, tf.bfloat16), tf.cast(kernel, tf.bfloat16)), tf.float32)


@tf.custom_gradient
def batch_norm(x: Tensor, gamma: Tensor, beta: Tensor) -> tuple[Any, Callable[..., Any]]:
    """x normalised over the batch, times gamma, plus beta; and the batch's mean and biased variance.

    Ioffe & Szegedy 2015, algorithm 1; the gradient is theirs (section 3), with the sums over the batch
    shared between x, gamma and beta.
    """
    rows = tf.cast(tf.shape(x)[0], x.dtype)
    mean = tf.reduce_mean(x, 0)
    centred = x - mean
    variance = tf.reduce_mean(tf.square(centred), 0)
    inverse = tf.math.rsqrt(variance + EPSILON)
    normal = centred * inverse

    def gradient(dy: Tensor, *of_statistics: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        del of_statistics  # mean and variance only update the moving averages
        d_beta = tf.reduce_sum(dy, 0)
        d_gamma = tf.reduce_sum(dy * normal, 0)
        dx = (dy - d_beta / rows - normal * (d_gamma / rows)) * (gamma * inverse)
        return dx, d_gamma, d_beta

    return (normal * gamma + beta, mean, variance), gradient


def moving_batch_norm(x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    """Batch normalisation as it is outside training: by the moving statistics."""
    scale = gamma * tf.math.rsqrt(variance + EPSILON)
    return x * scale + (beta - mean * scale)


def dropout_masks(
    rows: Tensor, widths: list[Tensor], rate: Tensor, key: Tensor, counter: Tensor
) -> list[Tensor]:
    """For each layer a mask (rows, width): 0 in a share `rate` of the entries, 1 / (1 - rate) in the others.

    The masks of all layers are made by one call of Philox, sixteen bits an entry: half the cost of 32, and
    `rate` is met to 1/65,536. On small networks a chain of kernels for each layer costs more than the bits.

    Args:
        rows, widths: int32 scalars.
        key: uint64 (1,), from the trial's seed.
        counter: uint64 scalar, another for each step.
    """
    sizes = tf.stack([rows * width for width in widths])
    entries = tf.reduce_sum(sizes)
    bits = tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=[(entries + 1) // 2],
        key=key,
        counter=tf.stack([tf.zeros_like(counter), counter]),
        alg=_PHILOX,
        dtype=tf.uint32,
    )
    halves = tf.reshape(tf.bitcast(bits, tf.uint16), [-1])[:entries]
    kept = tf.cast(halves >= tf.cast(rate * _UINT16_RANGE, tf.uint16), tf.float32) * (1.0 / (1.0 - rate))
    parts = tf.split(kept, sizes, num=len(widths))
    return [tf.reshape(part, [rows, width]) for part, width in zip(parts, widths, strict=True)]


@tf.custom_gradient
def masked(x: Tensor, mask: Tensor) -> tuple[Any, Callable[..., Any]]:
    """x times mask, of which no gradient is needed."""

    def gradient(dy: Tensor) -> tuple[Tensor, None]:
        return dy * mask, None

    return x * mask, gradient
