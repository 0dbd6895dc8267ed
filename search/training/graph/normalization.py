"""Batch normalization in few kernels, its gradient written out, and how far its moving statistics move.

Takes and returns float32 (batch, units). Automatic gradients of the same formulas reduce broadcast shapes by several
small kernels per operation, which on small networks cost more than the arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from search.training.network.effort import steps

Tensor = Any
Array = np.ndarray[Any, Any]

# Keras's defaults of BatchNormalization.
EPSILON = 1e-3
MOMENTUM = 0.99
# What the weights of infinitely many batches come to.
SETTLED = 1.0 / (1.0 - MOMENTUM)


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
    count = steps(rows, batch_size)
    last = (rows - (count - 1) * batch_size) / min(batch_size, rows)
    decay = MOMENTUM ** np.arange(1, count + 1)
    sums = decay * seen + (1.0 - decay) * SETTLED
    sums[-1] -= 1.0 - last
    rates = 1.0 / sums
    rates[-1] *= last
    return rates.astype(np.float32), float(sums[-1])
