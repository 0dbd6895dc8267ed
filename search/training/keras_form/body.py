"""The hidden layers as Keras layers; as `graph/body.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import keras

from search.data import DataSpec
from search.training.keras_form.initial import initializer
from search.training.network.weights import weight_at
from spaces import Hyperparameters


def hidden_layers(
    hyperparameters: Hyperparameters, spec: DataSpec, seed: int
) -> Iterator[Callable[[Any], Any]]:
    """Each hidden layer, with the skip connection around it where it has one."""
    for index, skip in enumerate(hyperparameters.skips, start=1):
        layers = list(_layers(index, hyperparameters, spec, seed))
        if skip:
            yield partial(_added, layers=layers, add=keras.layers.Add(name=f"skip_{index}"))
        else:
            yield from layers


def _added(x: Any, layers: list[keras.layers.Layer], add: keras.layers.Layer) -> Any:
    outputs = x
    for layer in layers:
        outputs = layer(outputs)
    return add([x, outputs])


def _layers(
    index: int, hyperparameters: Hyperparameters, spec: DataSpec, seed: int
) -> Iterator[keras.layers.Layer]:
    """Dense, BatchNormalization, activation, Dropout; what is off has no layer."""
    penalty = keras.regularizers.L2(hyperparameters.l2) if hyperparameters.l2 > 0 else None
    width, dropout = hyperparameters.widths[index - 1], hyperparameters.dropouts[index - 1]
    kernel = weight_at(f"dense_{index}/kernel", hyperparameters, spec)
    yield keras.layers.Dense(
        width,
        kernel_initializer=initializer(kernel, seed),
        kernel_regularizer=penalty if kernel.penalised else None,
        name=f"dense_{index}",
    )
    if hyperparameters.batch_norm:
        yield keras.layers.BatchNormalization(name=f"batch_norm_{index}")
    yield keras.layers.Activation(hyperparameters.activation, name=f"activation_{index}")
    if dropout > 0:
        yield keras.layers.Dropout(dropout, seed=seed + index, name=f"dropout_{index}")
