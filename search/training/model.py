"""Hyperparameters and the shape of the data become a Keras model: the only place that makes layers."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import keras
import numpy as np

from search.data import DataSpec
from spaces import Hyperparameters

Array = np.ndarray[Any, Any]


def build_model(hyperparameters: Hyperparameters, spec: DataSpec, *, seed: int = 0) -> keras.Model:
    """A plain Keras MLP for the prepared arrays of `spec`, not compiled.

    Input: images (batch, height, width, channels) uint8, else (batch, features) float32. Output: class
    probabilities (batch, classes), the probability of the second class (batch, 1), or the standardised
    target (batch, 1). Each hidden layer is Dense, BatchNormalization, activation, Dropout.
    """
    inputs = keras.Input(spec.input_shape, dtype="uint8" if spec.kind == "image" else "float32", name="x")
    x = inputs
    if spec.kind == "image":
        rescaled = keras.layers.Rescaling(spec.scale, spec.offset, name="rescaling")(x)
        x = keras.layers.Flatten(name="flatten")(rescaled)
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


def initial_weights(hyperparameters: Hyperparameters, spec: DataSpec, seed: int) -> list[Array]:
    """The weights `build_model` begins with, in Keras's order, without making layers."""
    inputs = math.prod(spec.input_shape)
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
    """As Keras counts them, moving statistics included."""
    sides = [math.prod(spec.input_shape), *hyperparameters.widths, output_units(spec)]
    dense = sum((inputs + 1) * units for inputs, units in pairwise(sides))
    return dense + (4 * sum(hyperparameters.widths) if hyperparameters.batch_norm else 0)


def _initializer(name: str, seed: int) -> keras.initializers.Initializer:
    return keras.initializers.get({"class_name": name, "config": {"seed": seed}})
