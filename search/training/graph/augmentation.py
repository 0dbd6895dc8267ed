"""Random shifts and mirror images of a batch, inside the compiled epoch."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from search.training.graph.draws import Draw, Draws

Tensor = Any


def augment_images(
    x: Tensor, shape: tuple[int, ...], draws: Draws, most: tuple[Tensor, Tensor], mirror: bool
) -> Tensor:
    """Each image moved by whole pixels, zeros moving in, and, with `mirror`, half of them mirrored left to right.

    Args:
        x: (batch, height * width * channels) uint8.
        shape: height, width, channels.
        most: int32 scalars, the largest shift down and right, in pixels.
    """
    height, width, channels = shape
    rows = tf.shape(x)[0]
    bits = draws.bits(tf.stack([3, rows]), Draw.AUGMENTATION)
    down, right = _offsets(bits[0], most[0]), _offsets(bits[1], most[1])
    sign = tf.where((bits[2] & 1) > 0, -1.0, 1.0) if mirror else tf.ones([rows])
    # Output column j reads column sign * j + start: a mirror image reads from its right edge leftwards.
    start = tf.where(sign < 0, float(width - 1), 0.0)
    zero, one = tf.zeros([rows]), tf.ones([rows])
    transforms = tf.stack([sign, zero, start + right, zero, one, down, zero, zero], axis=1)
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.reshape(x, [rows, height, width, channels]),
        transforms=transforms,
        output_shape=[height, width],
        fill_value=0.0,
        interpolation="NEAREST",
        fill_mode="CONSTANT",
    )
    return tf.reshape(moved, [rows, height * width * channels])


def _offsets(bits: Tensor, most: Tensor) -> Tensor:
    """Whole pixels, evenly from `-most` to `most`."""
    return tf.cast(tf.cast(bits % tf.cast(2 * most + 1, tf.uint32), tf.int32) - most, tf.float32)
