"""Codes of categories as the vectors that the network learns for them, in the graph; as `keras_form/codes.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from search.training.graph.variables import Parts
from search.training.network.weights import CODES

Tensor = Any


def with_vectors(x: Tensor, weights: Parts, coded: int) -> Tensor:
    """x with its last `coded` features, which are codes, as vectors: (rows, other features + coded * units) float32."""
    if not coded:
        return x
    vectors = _vectors_of(tf.cast(x[:, -coded:], tf.int32), weights[CODES])
    return tf.concat([x[:, :-coded], tf.reshape(vectors, [tf.shape(x)[0], coded * tf.shape(vectors)[2]])], 1)


@tf.custom_gradient
def _vectors_of(codes: Tensor, table: Tensor) -> tuple[Any, Callable[..., Any]]:
    """(rows, columns, units) of codes (rows, columns); the gradient is dense, as the fused optimizers want it."""

    def gradient(dy: Tensor) -> tuple[None, Tensor]:
        of_each = tf.reshape(dy, [-1, tf.shape(table)[1]])
        return None, tf.math.unsorted_segment_sum(of_each, tf.reshape(codes, [-1]), tf.shape(table)[0])

    return tf.gather(table, codes), gradient
