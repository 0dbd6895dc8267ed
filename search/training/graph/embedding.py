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

    Args:
        x: (rows, features) float32, numbers first.

    Returns:
        (rows, numbers * units + other features) float32.
    """
    if kind == "none":
        return x
    numbers = tf.shape(weights["embedding/kernel"])[0]
    by_number = tf.transpose(x[:, :numbers])[:, :, None]
    kernel, bias = weights["embedding/kernel"], weights["embedding/bias"]
    if kind == "periodic":
        of_each = _periodic(by_number, weights[f"{FREQUENCIES}/kernel"], kernel, bias)
    else:
        slopes, offsets = weights[f"{BINS}/kernel"][:, None, :], weights[f"{BINS}/bias"][:, None, :]
        encoded = tf.clip_by_value(by_number * slopes + offsets, 0.0, 1.0)
        of_each = tf.matmul(encoded, kernel) + bias[:, None, :]
    units = tf.reshape(tf.transpose(of_each, [1, 0, 2]), [tf.shape(x)[0], -1])
    return tf.concat([tf.nn.relu(units), x[:, numbers:]], 1)


@tf.custom_gradient
def _periodic(x: Tensor, frequencies: Tensor, kernel: Tensor, bias: Tensor) -> tuple[Any, Callable[..., Any]]:
    """Sine and cosine of frequencies times numbers, then a linear layer for each number.

    With the gradient written out: sines and cosines are each other's derivatives, and are computed once.

    Args:
        x: (numbers, rows, 1).
        frequencies: (numbers, parts).
        kernel: (numbers, 2 * parts, units); sines first.
        bias: (numbers, units).

    Returns:
        (numbers, rows, units).
    """
    angles = x * (frequencies * _TURN)[:, None, :]
    waves = tf.concat([tf.sin(angles), tf.cos(angles)], 2)

    def gradient(dy: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        of_waves = tf.matmul(dy, kernel, transpose_b=True)
        of_sines, of_cosines = tf.split(of_waves, 2, axis=2)
        sines, cosines = tf.split(waves, 2, axis=2)
        of_angles = of_sines * cosines - of_cosines * sines
        of_frequencies = tf.matmul(x, of_angles, transpose_a=True)[:, 0, :] * _TURN
        return tf.zeros_like(x), of_frequencies, tf.matmul(waves, dy, transpose_a=True), tf.reduce_sum(dy, 1)

    return tf.matmul(waves, kernel) + bias[:, None, :], gradient
