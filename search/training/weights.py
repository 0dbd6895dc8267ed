"""The weights of one MLP as variables of open shape: a matrix for each layer, and all vectors in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

Tensor = Any
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class LayerVectors:
    """What a layer adds and scales by, (units,) each: a bias, or with batch normalization gamma and beta."""

    parts: list[Tensor]

    @property
    def bias(self) -> Tensor:
        (bias,) = self.parts
        return bias

    @property
    def gamma_beta(self) -> tuple[Tensor, Tensor]:
        gamma, beta = self.parts
        return gamma, beta


class Weights:
    """Weights that a graph reads and updates, for any widths.

    Biases, gammas and betas lie in one variable, and so do the moving statistics: on small networks a step costs
    as much for each variable as for the arithmetic on it.

    A bias in front of batch normalization is no variable. It is subtracted with the mean, so its gradient is
    zero, and what Keras computes for it is rounding noise, which Adam and Lion blow up. Here it is zero; one that
    is assigned moves into the moving mean, where it has the same effect.
    """

    def __init__(self, depth: int, batch_norm: bool) -> None:
        self._depth, self._batch_norm = depth, batch_norm
        self._parts = 2 if batch_norm else 1
        self.kernels = [matrix() for _ in range(depth + 1)]
        self.vectors = vector()
        # Means and variances, layer by layer.
        self.moving = vector() if batch_norm else None

    @property
    def trained(self) -> list[Any]:
        """What an optimizer updates: the kernels, then the vectors."""
        return [*self.kernels, self.vectors]

    def assign(self, arrays: list[Array]) -> None:
        """From arrays in Keras's order.

        That is, for each hidden layer kernel, bias and with batch normalization gamma, beta, moving mean and
        moving variance; then the head's kernel and bias.
        """
        vectors, moving = [], []
        given = iter(arrays)
        for kernel in self.kernels[:-1]:
            kernel.assign(next(given))
            bias = next(given)
            if self._batch_norm:
                vectors += [next(given), next(given)]
                moving += [next(given) - bias, next(given)]
            else:
                vectors.append(bias)
        self.kernels[-1].assign(next(given))
        vectors.append(next(given))
        self.vectors.assign(np.concatenate(vectors))
        if self.moving is not None:
            self.moving.assign(np.concatenate(moving))

    def arrays(self) -> list[Array]:
        """Copies, in Keras's order."""
        kernels = [kernel.numpy() for kernel in self.kernels]
        widths = [kernel.shape[1] for kernel in kernels]
        vectors = iter(_split(self.vectors.numpy(), self._sizes(widths)))
        moving = (
            iter(_split(self.moving.numpy(), np.repeat(widths[:-1], 2)))
            if self.moving is not None
            else iter(())
        )
        ordered: list[Array] = []
        for kernel, width in zip(kernels[:-1], widths[:-1], strict=True):
            ordered.append(kernel)
            if self._batch_norm:
                ordered += [np.zeros(width, np.float32), next(vectors), next(vectors)]
                ordered += [next(moving), next(moving)]
            else:
                ordered.append(next(vectors))
        return [*ordered, kernels[-1], next(vectors)]

    def widths(self) -> list[Tensor]:
        """In a graph: units of each layer and of the head, int32 scalars."""
        return [tf.shape(kernel)[1] for kernel in self.kernels]

    def layers(self, vectors: Tensor, widths: list[Tensor]) -> list[LayerVectors]:
        """In a graph: the parts of `vectors` that belong to each layer and to the head."""
        return self._by_layer(tf.split(vectors, tf.stack(self._sizes(widths)), num=self._count))

    def moving_by_layer(self, widths: list[Tensor]) -> list[tuple[Tensor, Tensor]]:
        """In a graph: moving mean and variance of each hidden layer."""
        sizes = tf.repeat(tf.stack(widths[:-1]), 2)
        parts = tf.split(self.moving, sizes, num=2 * self._depth)
        return list(zip(parts[::2], parts[1::2], strict=True))

    @property
    def _count(self) -> int:
        return self._depth * self._parts + 1

    def _sizes(self, widths: list[Any]) -> list[Any]:
        return [width for width in widths[:-1] for _ in range(self._parts)] + [widths[-1]]

    def _by_layer(self, parts: list[Tensor]) -> list[LayerVectors]:
        hidden = range(0, self._depth * self._parts, self._parts)
        return [*(LayerVectors(parts[at : at + self._parts]) for at in hidden), LayerVectors(parts[-1:])]


def _split(array: Array, sizes: Any) -> list[Array]:
    return np.split(array, np.cumsum(sizes)[:-1])


def matrix() -> Any:
    """A float32 variable of any two sides."""
    return tf.Variable(tf.zeros([1, 1]), shape=[None, None])


def vector() -> Any:
    """A float32 variable of any length."""
    return tf.Variable(tf.zeros([1]), shape=[None])
