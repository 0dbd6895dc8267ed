"""The random draws of a step: each has a counter of its own, so that none repeats another's bits."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import tensorflow as tf

Tensor = Any

_PHILOX = 1


class Draw(IntEnum):
    """What is drawn. A further one takes a counter from the next step, and so changes the bits of every training."""

    DROPOUT = 0
    AUGMENTATION = 1
    INPUT_DROPOUT = 2


class Draws:
    """Random bits of one step of one training.

    Args:
        key: uint64 (1,), from the trial's seed.
        step: uint64 scalar, steps of the training before this one.
    """

    def __init__(self, key: Tensor, step: Tensor) -> None:
        self._key, self._first = key, step * len(Draw)

    def bits(self, shape: Tensor, draw: Draw) -> Tensor:
        """uint32, by Philox; `shape` is an int32 vector."""
        counter = self._first + int(draw)
        return tf.raw_ops.StatelessRandomUniformFullIntV2(
            shape=shape,
            key=self._key,
            counter=tf.stack([tf.constant(0, tf.uint64), counter]),
            alg=_PHILOX,
            dtype=tf.uint32,
        )
