"""Matrix products and the L2 penalty, as every part of the graph makes them."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

Tensor = Any


def dense(x: Tensor, kernel: Tensor, bias: Tensor, bfloat16: bool) -> Tensor:
    """x (batch, inputs) times kernel (inputs, units), plus bias (units,)."""
    return tf.nn.bias_add(matmul(x, kernel, bfloat16), bias)


def matmul(x: Tensor, kernel: Tensor, bfloat16: bool) -> Tensor:
    """x (…, batch, inputs) times kernel (…, inputs, units); with `bfloat16` the factors are rounded to it."""
    if not bfloat16:
        return tf.matmul(x, kernel)
    # The product of bfloat16 factors is summed in float32 inside the kernel.
    return tf.cast(tf.matmul(tf.cast(x, tf.bfloat16), tf.cast(kernel, tf.bfloat16)), tf.float32)


def l2_penalty(kernels: list[Tensor], l2: Tensor) -> Tensor:
    """`l2` times the sum of all squares, as Keras's L2 regularizer adds it to the loss."""
    # l2_loss is half the sum of squares.
    return 2.0 * l2 * tf.add_n([tf.nn.l2_loss(kernel) for kernel in kernels])
