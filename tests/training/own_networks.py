"""Networks of a user's own, by functions that tests name: `own_networks:mlp`."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


def mlp(hyperparameters: dict[str, Any], inputs: Any) -> keras.Model:
    rows = keras.Input(inputs.shape, dtype=inputs.dtype)
    x: Any = rows
    if inputs.dtype == "uint8":
        x = keras.layers.Flatten()(keras.layers.Rescaling(inputs.scale, inputs.offset)(x))
    for _ in range(hyperparameters["layers_2"]):
        x = keras.layers.Dense(hyperparameters["units_2"], activation=hyperparameters["act"])(x)
    x = keras.layers.Dropout(hyperparameters["drop"])(x)
    return keras.Model(rows, keras.layers.Dense(inputs.units, activation=inputs.activation)(x))


def seeded(hyperparameters: dict[str, Any], inputs: Any) -> keras.Model:
    """One hidden layer of 16, with the initial weights of perceptuna's network for seed 0."""
    from digits_spec import digits_spec

    from search.training.keras_form.model import build_model
    from spaces import Hyperparameters

    spec = digits_spec(scale=inputs.scale, offset=inputs.offset)
    return build_model(Hyperparameters(depth=1, width=16), spec)


def compiled(hyperparameters: dict[str, Any], inputs: Any) -> keras.Model:
    model = mlp(hyperparameters, inputs)
    model.compile(keras.optimizers.SGD(0.5), loss="sparse_categorical_crossentropy")
    return model


def none(hyperparameters: dict[str, Any], inputs: Any) -> None:
    """Forgot to return it."""


def narrow(hyperparameters: dict[str, Any], inputs: Any) -> keras.Model:
    flat = keras.layers.Flatten()
    return keras.Sequential([keras.Input(inputs.shape), flat, keras.layers.Dense(3, activation="softmax")])


def logits(hyperparameters: dict[str, Any], inputs: Any) -> keras.Model:
    flat = keras.layers.Flatten()
    return keras.Sequential([keras.Input(inputs.shape), flat, keras.layers.Dense(inputs.units)])


def with_lambda(hyperparameters: dict[str, Any], inputs: Any) -> keras.Model:
    rows = keras.Input(inputs.shape)
    halved = keras.layers.Lambda(lambda x: x / 2)(keras.layers.Flatten()(rows))
    return keras.Model(rows, keras.layers.Dense(inputs.units, activation=inputs.activation)(halved))


def with_a_word_that_is_none(hyperparameters: dict[str, Any], inputs: Any) -> keras.Model:
    raise KeyError(f"units_3 among {np.size(list(hyperparameters))} hyperparameters")
