"""A network's weights as variables of open shape: a matrix for each layer, and all vectors in one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from search.training.graph.calling import put
from search.training.network.weights import Keeping, Weight

Tensor = Any
Array = np.ndarray[Any, Any]
Parts = dict[str, Tensor]
"""Tensors by the paths of their weights."""


class Variables:
    """Weights that a graph reads and updates, for any widths. Each is kept as its description says (`Keeping`)."""

    def __init__(self, weights: list[Weight]) -> None:
        self.weights = weights
        self.own = {weight.path: open_variable(weight.rank) for weight in kept(weights, Keeping.OWN)}
        self.frozen = {weight.path: open_variable(weight.rank) for weight in kept(weights, Keeping.FROZEN)}
        self.shared = open_variable(1)
        # Layer by layer; empty without batch normalization.
        self.moving = open_variable(1)

    @property
    def trained(self) -> list[Any]:
        """What an optimizer updates: the matrices, then the vectors."""
        return [*self.own.values(), self.shared]

    def lengths(self) -> Parts:
        """In a graph: units of each layer, int32 scalars by the path of its kernel."""
        return {path: tf.shape(variable)[-1] for path, variable in self.own.items()}

    def assign(self, arrays: Iterable[Array]) -> None:
        """From arrays in the order of the description, which is Keras's."""
        given = {weight.path: array for weight, array in zip(self.weights, arrays, strict=True)}
        for path, variable in (self.own | self.frozen).items():
            put(variable, given[path])
        put(self.shared, np.concatenate([given[one.path] for one in kept(self.weights, Keeping.SHARED)]))
        moving = [
            given[one.path] - given[one.without] if one.without else given[one.path]
            for one in kept(self.weights, Keeping.MOVING)
        ]
        if moving:
            put(self.moving, np.concatenate(moving))

    @property
    def all(self) -> list[Any]:
        """Those of their own, trained and frozen; the shared one; that of moving statistics."""
        return [*self.own.values(), *self.frozen.values(), self.shared, self.moving]

    def arrays(self, values: list[Tensor]) -> list[Array]:
        """Copies, in the order of the description; `values` are those of `all`."""
        *apart, shared, moving = (value.numpy() for value in values)
        found: dict[str, Array] = dict(zip([*self.own, *self.frozen], apart, strict=True))
        lengths = {path: array.shape[-1] for path, array in found.items()}
        for keeping, vectors in ((Keeping.SHARED, shared), (Keeping.MOVING, moving)):
            end = 0
            for part in kept(self.weights, keeping):
                start, end = end, end + lengths[part.along]
                found[part.path] = vectors[start:end]
        for weight in kept(self.weights, Keeping.FOLDED):
            found[weight.path] = np.zeros(lengths[weight.along], np.float32)
        return [found[weight.path] for weight in self.weights]


class Cut:
    """Cuts a variable of many vectors into them, in a graph; made where the widths are known."""

    def __init__(self, weights: list[Weight], keeping: Keeping, lengths: Parts) -> None:
        self._weights = kept(weights, keeping)
        self._lengths = (
            tf.stack([lengths[weight.along] for weight in self._weights]) if self._weights else None
        )

    def __call__(self, vectors: Tensor) -> Parts:
        """Vectors by their paths, in the order of the description."""
        if self._lengths is None:
            return {}
        parts = tf.split(vectors, self._lengths, num=len(self._weights))
        return dict(zip([weight.path for weight in self._weights], parts, strict=True))


def kept(weights: list[Weight], keeping: Keeping) -> list[Weight]:
    """Those that a graph keeps like that."""
    return [weight for weight in weights if weight.keeping is keeping]


def open_variable(rank: int) -> Any:
    """A float32 variable of so many sides, each of any length."""
    return tf.Variable(tf.zeros([1] * rank), shape=[None] * rank)
