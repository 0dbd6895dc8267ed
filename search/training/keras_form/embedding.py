"""Numbers embedded, as Keras layers; as `graph/embedding.py`."""

from __future__ import annotations

import math
from typing import Any

import keras

from search.data import DataSpec
from search.training.keras_form.initial import initializer
from search.training.network.dimensions import embedding_of, numbers_of
from search.training.network.weights import BINS, FREQUENCIES, weight_at
from spaces import Hyperparameters


def embedded(x: Any, hyperparameters: Hyperparameters, spec: DataSpec, seed: int) -> Any:
    """x (batch, features) with each number as units of its own, then the other features as they are.

    The layer `bins` is not trained, and zero until its weights are set.
    """
    kind, numbers = embedding_of(hyperparameters, spec), numbers_of(spec)

    def begin(path: str) -> keras.initializers.Initializer:
        return initializer(weight_at(path, hyperparameters, spec), seed)

    given = x[:, :numbers]
    if kind == "periodic":
        turns = keras.layers.EinsumDense(
            "bn,nk->bnk",
            (numbers, hyperparameters.frequencies),
            kernel_initializer=begin(f"{FREQUENCIES}/kernel"),
            name=FREQUENCIES,
        )(given)
        angles = keras.layers.Rescaling(2.0 * math.pi, name="angles")(turns)
        parts = keras.layers.Concatenate(name="waves")([keras.ops.sin(angles), keras.ops.cos(angles)])
    else:
        positions = keras.layers.EinsumDense(
            "bn,nk->bnk",
            (numbers, hyperparameters.bins),
            bias_axes="nk",
            kernel_initializer="zeros",
            trainable=False,
            name=BINS,
        )(given)
        parts = keras.ops.clip(positions, 0.0, 1.0)
    of_each = keras.layers.EinsumDense(
        "bnk,nku->bnu",
        (numbers, hyperparameters.embedding_size),
        bias_axes="nu",
        activation="relu",
        kernel_initializer=begin("embedding/kernel"),
        name="embedding",
    )(parts)
    units = keras.layers.Reshape((numbers * hyperparameters.embedding_size,), name="embedded")(of_each)
    features = spec.input_shape[0]
    if features == numbers:
        return units
    return keras.layers.Concatenate(name="inputs")([units, x[:, numbers:]])
