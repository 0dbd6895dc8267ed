"""The head as Keras layers: probabilities, or standardised targets; as `graph/head.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from search.data import DataSpec
from search.training.keras_form.initial import initializer
from search.training.network.dimensions import asks_twice
from search.training.network.weights import weight_at
from spaces import Hyperparameters

ACTIVATIONS = {
    "binary": "sigmoid",
    "multiclass": "softmax",
    "regression": "linear",
    "multilabel": "sigmoid",
    "multioutput": "linear",
}


def head_layer(hyperparameters: Hyperparameters, spec: DataSpec, seed: int) -> keras.layers.Layer:
    """With its activation, but where outputs of two sides are averaged before it; of each member its own weights."""
    kernel = weight_at("head/kernel", hyperparameters, spec)
    activation = None if asks_twice(hyperparameters, spec) else ACTIVATIONS[spec.task]
    if hyperparameters.members > 1:
        members, _, units = kernel.shape
        return keras.layers.EinsumDense(
            "bmi,miu->bmu",
            (members, units),
            bias_axes="mu",
            activation=activation,
            kernel_initializer=initializer(kernel, seed),
            name="head",
        )
    return keras.layers.Dense(
        kernel.shape[-1],
        activation=activation,
        kernel_initializer=initializer(kernel, seed),
        name="head",
    )


def average(of_sides: Sequence[Any], task: str) -> Any:
    """One answer of the outputs for an image and for its mirror image, (batch, units) each."""
    both = keras.layers.Average(name="both_sides")(of_sides)
    return keras.layers.Activation(ACTIVATIONS[task], name="output")(both)
