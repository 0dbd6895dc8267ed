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


@dataclass(frozen=True)
class Layout:
    """Which part of the vectors belongs to which layer. All methods are of graphs; widths are int32 scalars."""

    depth: int
    batch_norm: bool

    @property
    def parts(self) -> int:
        """Vectors of a hidden layer."""
        return 2 if self.batch_norm else 1

    def sizes(self, widths: list[Any]) -> list[Any]:
        """Length of each part of the vectors."""
        return [width for width in widths[:-1] for _ in range(self.parts)] + [widths[-1]]

    def widths(self, kernels: list[Tensor]) -> list[Tensor]:
        """Units of each layer and of the head."""
        return [tf.shape(kernel)[1] for kernel in kernels]

    def layers(self, vectors: Tensor, widths: list[Tensor]) -> list[LayerVectors]:
        """The parts of `vectors` that belong to each layer and to the head."""
        parts = tf.split(vectors, tf.stack(self.sizes(widths)), num=self.depth * self.parts + 1)
        hidden = range(0, self.depth * self.parts, self.parts)
        return [*(LayerVectors(parts[at : at + self.parts]) for at in hidden), LayerVectors(parts[-1:])]

    def moving(self, moving: Tensor, widths: list[Tensor]) -> list[tuple[Tensor, Tensor]]:
        """Moving mean and variance of each hidden layer."""
        parts = tf.split(moving, tf.repeat(tf.stack(widths[:-1]), 2), num=2 * self.depth)
        return list(zip(parts[::2], parts[1::2], strict=True))


class Weights:
    """Weights that a graph reads and updates, for any widths.

    Biases, gammas and betas lie in one variable, and so do the moving statistics: on small networks a step costs
    as much for each variable as for the arithmetic on it.

    A bias in front of batch normalization is no variable. It is subtracted with the mean, so its gradient is
    zero, and what Keras computes for it is rounding noise, which Adam and Lion blow up. Here it is zero; one that
    is assigned moves into the moving mean, where it has the same effect.
    """

    def __init__(self, depth: int, batch_norm: bool) -> None:
        self.layout = Layout(depth, batch_norm)
        self.kernels = [matrix() for _ in range(depth + 1)]
        self.vectors = vector()
        # Means and variances, layer by layer; empty without batch normalization.
        self.moving = vector()

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
            if self.layout.batch_norm:
                vectors += [next(given), next(given)]
                moving += [next(given) - bias, next(given)]
            else:
                vectors.append(bias)
        self.kernels[-1].assign(next(given))
        vectors.append(next(given))
        self.vectors.assign(np.concatenate(vectors))
        if moving:
            self.moving.assign(np.concatenate(moving))

    def arrays(self) -> list[Array]:
        """Copies, in Keras's order."""
        kernels = [kernel.numpy() for kernel in self.kernels]
        widths = [kernel.shape[1] for kernel in kernels]
        vectors = iter(_split(self.vectors.numpy(), self.layout.sizes(widths)))
        moving = iter(_split(self.moving.numpy(), np.repeat(widths[:-1], 2)))
        ordered: list[Array] = []
        for kernel, width in zip(kernels[:-1], widths[:-1], strict=True):
            ordered.append(kernel)
            if self.layout.batch_norm:
                ordered += [np.zeros(width, np.float32), next(vectors), next(vectors)]
                ordered += [next(moving), next(moving)]
            else:
                ordered.append(next(vectors))
        return [*ordered, kernels[-1], next(vectors)]


def _split(array: Array, sizes: Any) -> list[Array]:
    return np.split(array, np.cumsum(sizes)[:-1])


def matrix() -> Any:
    """A float32 variable of any two sides."""
    return tf.Variable(tf.zeros([1, 1]), shape=[None, None])


def vector() -> Any:
    """A float32 variable of any length."""
    return tf.Variable(tf.zeros([1]), shape=[None])
