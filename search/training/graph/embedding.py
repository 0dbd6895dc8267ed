"""Numbers embedded, in the graph; as `keras_form/embedding.py`.

Gorishniy et al. 2022, "On embeddings for numerical features in tabular deep learning".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from search.training.graph.variables import Parts
from search.training.network.weights import BINS, FREQUENCIES
from spaces.hyperparameters import Embedding

Tensor = Any

_TURN = 2.0 * math.pi


def embedded(x: Tensor, weights: Parts, kind: Embedding) -> Tensor:
    """Each number of x as units of its own, then the other features as they are.

    In between rows are the last side: kernels then run along rows, of which there are many, not along a few parts.

    Args:
        x: (rows, features) float32, numbers first.

    Returns:
        (rows, numbers * units + other features) float32.
    """
    if kind == "none":
        return x
    kernel, bias = weights["embedding/kernel"], weights["embedding/bias"]
    numbers = tf.shape(kernel)[0]
    by_number = tf.transpose(x[:, :numbers])[:, None, :]
    if kind == "periodic":
        of_each = _periodic(by_number, weights[f"{FREQUENCIES}/kernel"], kernel)
    else:
        slopes, offsets = weights[f"{BINS}/kernel"][:, :, None], weights[f"{BINS}/bias"][:, :, None]
        encoded = tf.clip_by_value(by_number * slopes + offsets, 0.0, 1.0)
        of_each = tf.matmul(kernel, encoded, transpose_a=True)
    units = tf.transpose(tf.reshape(of_each, [-1, tf.shape(x)[0]]))
    return _beside(tf.nn.relu(tf.nn.bias_add(units, tf.reshape(bias, [-1]))), x[:, numbers:])


@tf.custom_gradient
def _periodic(x: Tensor, frequencies: Tensor, kernel: Tensor) -> tuple[Any, Callable[..., Any]]:
    """Sine and cosine of frequencies times numbers, then a linear layer for each number.

    With the gradient written out. Sines and cosines are each other's derivatives, so a frequency's gradient needs none
    by the waves: in it are the sums over rows that the kernel's has, with each row times its number.

    Args:
        x: (numbers, 1, rows).
        frequencies: (numbers, parts).
        kernel: (numbers, 2 * parts, units); sines first.

    Returns:
        (numbers, units, rows).
    """
    angles = x * (frequencies * _TURN)[:, :, None]
    waves = tf.concat([tf.sin(angles), tf.cos(angles)], 1)

    def gradient(dy: Tensor) -> tuple[None, Tensor, Tensor]:
        both = tf.matmul(waves, tf.concat([dy, dy * x], 1), transpose_b=True)
        of_kernel, times_x = tf.split(both, 2, axis=2)
        by_sines, by_cosines = tf.split(kernel, 2, axis=1)
        sines, cosines = tf.split(times_x, 2, axis=1)
        return None, tf.reduce_sum(by_sines * cosines - by_cosines * sines, 2) * _TURN, of_kernel

    return tf.matmul(kernel, waves, transpose_a=True), gradient


@tf.custom_gradient
def _beside(units: Tensor, others: Tensor) -> tuple[Any, Callable[..., Any]]:
    """(rows, units) and (rows, others) side by side; of the others no gradient is needed."""

    def gradient(dy: Tensor) -> tuple[Tensor, None]:
        return dy[:, : tf.shape(units)[1]], None

    return tf.concat([units, others], 1), gradient
