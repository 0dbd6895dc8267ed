"""Hyperparameters and the shape of the data become a Keras model: inputs, body, head."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from search.data import DataSpec
from search.training.keras_form.body import hidden_layers
from search.training.keras_form.head import average, head_layer
from search.training.keras_form.inputs import input_layers
from search.training.keras_form.members import mean_of_members, members_layer
from search.training.network.dimensions import asks_twice
from spaces import Hyperparameters


def build_model(
    hyperparameters: Hyperparameters, spec: DataSpec, *, seed: int = 0, name: str = "mlp"
) -> keras.Model:
    """A plain Keras MLP for the prepared arrays of `spec`, not compiled.

    A network that was trained on mirror images is asked about an image and its mirror image, and its outputs before
    softmax or sigmoid are averaged: what it makes of both sides differs by what it has not learned.

    Weights are as the initializers make them; those of the layer `pca`, which takes the place of pixels by their
    principal components and is not trained, and of the layer `bins`, are zero until they are set.

    Input: images (batch, height, width, channels) uint8, else (batch, features) float32. Output: class
    probabilities (batch, classes), the probability of the second class (batch, 1), or the standardised
    target (batch, 1); of several targets (batch, targets).
    """
    inputs = keras.Input(spec.input_shape, dtype="uint8" if spec.kind == "image" else "float32", name="x")
    layers: list[Callable[[Any], Any]] = [
        *input_layers(hyperparameters, spec, seed),
        *([members_layer(hyperparameters, spec, seed)] if hyperparameters.members > 1 else []),
        *hidden_layers(hyperparameters, spec, seed),
        head_layer(hyperparameters, spec, seed),
    ]
    outputs = _through(layers, inputs)
    if asks_twice(hyperparameters, spec):
        mirrored = _through(layers, keras.ops.flip(inputs, axis=2))
        outputs = average([outputs, mirrored], spec.task)
    if hyperparameters.members > 1:
        outputs = mean_of_members(outputs)
    return keras.Model(inputs, outputs, name=name)


def _through(layers: list[Callable[[Any], Any]], x: Any) -> Any:
    for layer in layers:
        x = layer(x)
    return x
