"""Hyperparameters and the shape of the data become a Keras model: the only place that makes layers."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import keras
import numpy as np

from search.data import DataSpec, component_count
from spaces import Hyperparameters

Array = np.ndarray[Any, Any]


def build_model(hyperparameters: Hyperparameters, spec: DataSpec, *, seed: int = 0) -> keras.Model:
    """A plain Keras MLP for the prepared arrays of `spec`, not compiled.

    Weights are as the initializers make them; those of the layer `pca`, which takes the place of pixels by their
    principal components and is not trained, are zero until they are set.

    Input: images (batch, height, width, channels) uint8, else (batch, features) float32. Output: class
    probabilities (batch, classes), the probability of the second class (batch, 1), or the standardised
    target (batch, 1). Each hidden layer is Dense, BatchNormalization, activation, Dropout.
    """
    inputs = keras.Input(spec.input_shape, dtype="uint8" if spec.kind == "image" else "float32", name="x")
    x = inputs
    if spec.kind == "image":
        rescaled = keras.layers.Rescaling(spec.scale, spec.offset, name="rescaling")(x)
        x = keras.layers.Flatten(name="flatten")(rescaled)
    if components := components_of(hyperparameters, spec):
        x = keras.layers.Dense(components, kernel_initializer="zeros", trainable=False, name="pca")(x)
    penalty = keras.regularizers.L2(hyperparameters.l2) if hyperparameters.l2 > 0 else None
    shapes = zip(hyperparameters.widths, hyperparameters.dropouts, strict=True)
    for index, (width, dropout) in enumerate(shapes, start=1):
        x = keras.layers.Dense(
            width,
            kernel_initializer=_initializer(hyperparameters.initializer, seed + index),
            kernel_regularizer=penalty,
            name=f"dense_{index}",
        )(x)
        if hyperparameters.batch_norm:
            x = keras.layers.BatchNormalization(name=f"batch_norm_{index}")(x)
        x = keras.layers.Activation(hyperparameters.activation, name=f"activation_{index}")(x)
        if dropout > 0:
            x = keras.layers.Dropout(dropout, seed=seed + index, name=f"dropout_{index}")(x)
    head = keras.initializers.GlorotUniform(seed=seed)
    outputs = keras.layers.Dense(
        output_units(spec), activation=_HEADS[spec.task], kernel_initializer=head, name="head"
    )(x)
    return keras.Model(inputs, outputs, name="mlp")


_HEADS = {"binary": "sigmoid", "multiclass": "softmax", "regression": "linear"}


def output_units(spec: DataSpec) -> int:
    """Units of the head: one per class where there are more than two, else one."""
    return len(spec.class_names) if spec.task == "multiclass" else 1


def components_of(hyperparameters: Hyperparameters, spec: DataSpec) -> int:
    """How many principal components the first hidden layer is given; 0 where it is given the inputs themselves."""
    if spec.kind != "image":
        return 0
    return component_count(hyperparameters.pca, math.prod(spec.input_shape), spec.rows.train)


def initial_weights(hyperparameters: Hyperparameters, spec: DataSpec, seed: int) -> list[Array]:
    """The weights `build_model` begins with, in Keras's order, without making layers and without those of `pca`."""
    inputs = _inputs(hyperparameters, spec)
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


def parameter_count(hyperparameters: Hyperparameters, spec: DataSpec) -> int:
    """As Keras counts them: moving statistics and the projection of `pca` included."""
    projection = (math.prod(spec.input_shape) + 1) * components_of(hyperparameters, spec)
    return projection + layer_parameters(hyperparameters, spec)


def layer_parameters(hyperparameters: Hyperparameters, spec: DataSpec) -> int:
    """Those of hidden layers and head alone, which each step reads."""
    sides = [_inputs(hyperparameters, spec), *hyperparameters.widths, output_units(spec)]
    dense = sum((inputs + 1) * units for inputs, units in pairwise(sides))
    return dense + (4 * sum(hyperparameters.widths) if hyperparameters.batch_norm else 0)


def _inputs(hyperparameters: Hyperparameters, spec: DataSpec) -> int:
    return components_of(hyperparameters, spec) or math.prod(spec.input_shape)


def _initializer(name: str, seed: int) -> keras.initializers.Initializer:
    return keras.initializers.get({"class_name": name, "config": {"seed": seed}})
