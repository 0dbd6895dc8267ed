"""Hyperparameters and the shape of the data become a Keras model: the only place that makes layers."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from search.data import DataSpec
from search.training.network.dimensions import asks_twice, components_of, first_inputs, output_units
from spaces import Hyperparameters

Array = np.ndarray[Any, Any]


def build_model(hyperparameters: Hyperparameters, spec: DataSpec, *, seed: int = 0) -> keras.Model:
    """A plain Keras MLP for the prepared arrays of `spec`, not compiled.

    A network that was trained on mirror images is asked about an image and its mirror image, and its outputs before
    softmax or sigmoid are averaged: what it makes of both sides differs by what it has not learned.

    Weights are as the initializers make them; those of the layer `pca`, which takes the place of pixels by their
    principal components and is not trained, are zero until they are set.

    Input: images (batch, height, width, channels) uint8, else (batch, features) float32. Output: class
    probabilities (batch, classes), the probability of the second class (batch, 1), or the standardised
    target (batch, 1). Each hidden layer is Dense, BatchNormalization, activation, Dropout.
    """
    inputs = keras.Input(spec.input_shape, dtype="uint8" if spec.kind == "image" else "float32", name="x")
    layers = [*_input_layers(hyperparameters, spec, seed), *_hidden_layers(hyperparameters, seed)]
    twice, activation = asks_twice(hyperparameters, spec), _HEADS[spec.task]
    head = keras.layers.Dense(
        output_units(spec),
        activation=None if twice else activation,
        kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
        name="head",
    )
    outputs = _through([*layers, head], inputs)
    if twice:
        mirrored = _through([*layers, head], keras.ops.flip(inputs, axis=2))
        both = keras.layers.Average(name="both_sides")([outputs, mirrored])
        outputs = keras.layers.Activation(activation, name="output")(both)
    return keras.Model(inputs, outputs, name="mlp")


def _input_layers(hyperparameters: Hyperparameters, spec: DataSpec, seed: int) -> list[keras.layers.Layer]:
    layers: list[keras.layers.Layer] = []
    if spec.kind == "image":
        layers.append(keras.layers.Rescaling(spec.scale, spec.offset, name="rescaling"))
        layers.append(keras.layers.Flatten(name="flatten"))
    if components := components_of(hyperparameters, spec):
        layers.append(keras.layers.Dense(components, kernel_initializer="zeros", trainable=False, name="pca"))
    if hyperparameters.input_dropout > 0:
        layers.append(keras.layers.Dropout(hyperparameters.input_dropout, seed=seed, name="input_dropout"))
    return layers


def _hidden_layers(hyperparameters: Hyperparameters, seed: int) -> list[keras.layers.Layer]:
    layers: list[keras.layers.Layer] = []
    penalty = keras.regularizers.L2(hyperparameters.l2) if hyperparameters.l2 > 0 else None
    shapes = zip(hyperparameters.widths, hyperparameters.dropouts, strict=True)
    for index, (width, dropout) in enumerate(shapes, start=1):
        dense = keras.layers.Dense(
            width,
            kernel_initializer=_initializer(hyperparameters.initializer, seed + index),
            kernel_regularizer=penalty,
            name=f"dense_{index}",
        )
        layers.append(dense)
        if hyperparameters.batch_norm:
            layers.append(keras.layers.BatchNormalization(name=f"batch_norm_{index}"))
        layers.append(keras.layers.Activation(hyperparameters.activation, name=f"activation_{index}"))
        if dropout > 0:
            layers.append(keras.layers.Dropout(dropout, seed=seed + index, name=f"dropout_{index}"))
    return layers


def _through(layers: list[keras.layers.Layer], x: Any) -> Any:
    for layer in layers:
        x = layer(x)
    return x


_HEADS = {"binary": "sigmoid", "multiclass": "softmax", "regression": "linear"}


def initial_weights(hyperparameters: Hyperparameters, spec: DataSpec, seed: int) -> list[Array]:
    """The weights `build_model` begins with, in Keras's order, without making layers and without those of `pca`."""
    inputs = first_inputs(hyperparameters, spec)
    weights: list[Array] = []
    for index, width in enumerate(hyperparameters.widths, start=1):
        kernel = _initializer(hyperparameters.initializer, seed + index)((inputs, width))
        weights += [np.asarray(kernel), np.zeros(width, np.float32)]
        if hyperparameters.batch_norm:
            ones, zeros = np.ones(width, np.float32), np.zeros(width, np.float32)
            weights += [ones, zeros, zeros, ones]
        inputs = width
    units = output_units(spec)
    head = keras.initializers.GlorotUniform(seed=seed)((inputs, units))
    return [*weights, np.asarray(head), np.zeros(units, np.float32)]


def _initializer(name: str, seed: int) -> keras.initializers.Initializer:
    return keras.initializers.get({"class_name": name, "config": {"seed": seed}})
