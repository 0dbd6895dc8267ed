"""Dropout masks of a step, drawn for all layers at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from search.training.graph.draws import Draw, Draws

Tensor = Any

_UINT16_RANGE = 65536.0


class DropoutMasks:
    """Draws the dropout masks of all layers by one call of Philox a step, sixteen bits an entry.

    That is half the cost of 32 bits, and the rate is met to 1/65,536. On small networks a chain of kernels for
    each layer costs more than the bits. Made outside the loop over steps, so that what no step changes is
    computed once.
    """

    def __init__(self, rates: list[Tensor], widths: list[Tensor]) -> None:
        """
        Args:
            rates: share of entries to drop, float32 scalars: one of all layers, or one of each.
            widths: units of each layer, int32 scalars.
        """
        self._widths = tf.stack(widths)
        self._shapes = [tf.stack([-1, width]) for width in widths]
        self._thresholds = [tf.cast(rate * _UINT16_RANGE, tf.uint16) for rate in rates]
        self._scales = [1.0 / (1.0 - rate) for rate in rates]

    def draw(self, rows: Tensor, draws: Draws, draw: Draw) -> list[Tensor]:
        """For each layer a mask (rows, width): 0 in a share `rate` of the entries, 1 / (1 - rate) in the others.

        Entries of one rate are compared together: kernels of their own for each layer cost a small network more.

        Args:
            rows: int32 scalar.
        """
        sizes = rows * self._widths
        entries = tf.reduce_sum(sizes)
        bits = draws.bits(tf.reshape((entries + 1) // 2, [1]), draw)
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
