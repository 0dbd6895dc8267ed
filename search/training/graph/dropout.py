"""Dropout masks, drawn for all layers and steps of an epoch at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from search.training.graph.draws import Draw, Draws

Tensor = Any

_UINT16_RANGE = 65536.0
# Entries that an epoch draws beyond those of one step.
_SPARE = 2**18
# TensorFlow cuts a stretch out without a copy where it begins and ends at 64 bytes.
_ALIGNED = 16


class Steps(NamedTuple):
    """Of an epoch: how many, the rows of a whole batch, int32 scalars, and the draws of the first."""

    count: Tensor
    rows: Tensor
    draws: Draws


class DropoutMasks:
    """The dropout masks of an epoch: each step looks at a stretch of one long row of kept and dropped entries.

    To draw them anew in each step took a large part of its time. So an epoch draws as many as one step needs and
    `_SPARE` more, and each step begins at a place that is drawn too; within a step no entry is looked at twice. Sixteen
    bits an entry are half the cost of 32, and the rate is met to 1/65,536. Made outside the loop over steps.
    """

    def __init__(self, rates: list[Tensor], widths: list[Tensor], steps: Steps, draw: Draw) -> None:
        """
        Args:
            rates: share of entries to drop, float32 scalars: of each layer; those of one tensor share a row.
            widths: units of each layer, int32 scalars.
        """
        self._widths = tf.stack(widths)
        self._shapes = [tf.stack([-1, width]) for width in widths]
        lengths = -(-steps.rows * self._widths // _ALIGNED) * _ALIGNED
        needed = tf.reduce_sum(lengths)
        # An epoch of few steps draws no more than it needs; of many, the product could pass int32.
        others = tf.minimum(steps.count - 1, _SPARE // needed + 1)
        places = tf.minimum(_SPARE, others * needed) // _ALIGNED + 1
        entries = needed + (places - 1) * _ALIGNED
        bits = steps.draws.bits(tf.stack([(entries + 1) // 2 + steps.count]), draw)
        halves = tf.reshape(tf.bitcast(bits[steps.count :], tf.uint16), [-1])
        of_rates = {rate.ref(): _kept(halves, rate) for rate in {rate.ref(): rate for rate in rates}.values()}
        self._rows = [of_rates[rate.ref()] for rate in rates]
        drawn = tf.cast(bits[: steps.count] % tf.cast(places, tf.uint32), tf.int32)
        self._begins = (drawn * _ALIGNED)[:, None] + tf.cumsum(lengths, exclusive=True)

    def of_step(self, index: Tensor, rows: Tensor) -> list[Tensor]:
        """For each layer a mask (rows, width): 0 in a share `rate` of the entries, 1 / (1 - rate) in the others.

        Args:
            index: of the step in the epoch, int32 scalar.
            rows: of its batch, int32 scalar.
        """
        count = len(self._shapes)
        begins, sizes = (tf.split(of, count) for of in (tf.gather(self._begins, index), rows * self._widths))
        parts = map(tf.slice, self._rows, begins, sizes)
        return [tf.reshape(part, shape) for part, shape in zip(parts, self._shapes, strict=True)]


def _kept(halves: Tensor, rate: Tensor) -> Tensor:
    """Of each entry the factor by which it is kept, or 0."""
    return tf.cast(halves >= tf.cast(rate * _UINT16_RANGE, tf.uint16), tf.float32) * (1.0 / (1.0 - rate))


@tf.custom_gradient
def masked(x: Tensor, mask: Tensor) -> tuple[Any, Callable[..., Any]]:
    """x times mask, of which no gradient is needed."""

    def gradient(dy: Tensor) -> tuple[Tensor, None]:
        return dy * mask, None

    return x * mask, gradient
