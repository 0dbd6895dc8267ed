"""The hidden layers as Keras layers; as `graph/body.py`."""

from __future__ import annotations

from collections.abc import Iterator

import keras

from search.data import DataSpec
from search.training.keras_form.initial import initializer
from search.training.network.weights import weight_at
from spaces import Hyperparameters


def hidden_layers(
    hyperparameters: Hyperparameters, spec: DataSpec, seed: int
) -> Iterator[keras.layers.Layer]:
    """Each is Dense, BatchNormalization, activation, Dropout; what is off has no layer."""
    penalty = keras.regularizers.L2(hyperparameters.l2) if hyperparameters.l2 > 0 else None
    shapes = zip(hyperparameters.widths, hyperparameters.dropouts, strict=True)
    for index, (width, dropout) in enumerate(shapes, start=1):
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
