"""Codes of categories as the vectors that the network learns for them, as Keras layers; as `graph/codes.py`."""

from __future__ import annotations

from typing import Any

import keras

from search.data import DataSpec
from search.training.network.dimensions import CODE_UNITS


def with_vectors(x: Any, spec: DataSpec) -> Any:
    """x, whose last features are codes, with these as vectors: (batch, other features + coded columns * units)."""
    coded = len(spec.coded)
    vectors = keras.layers.Embedding(
        sum(column.codes for column in spec.coded), CODE_UNITS, embeddings_initializer="zeros", name="codes"
    )(keras.ops.cast(x[:, -coded:], "int32"))
    units = keras.layers.Reshape((coded * CODE_UNITS,), name="vectors")(vectors)
    if x.shape[1] == coded:
        return units
    return keras.layers.Concatenate(name="with_vectors")([x[:, :-coded], units])
