"""From a row to what the first hidden layer sees, as Keras layers; as `graph/inputs.py` without augmentation."""

from __future__ import annotations

from collections.abc import Iterator

import keras

from search.data import DataSpec
from search.training.network.dimensions import components_of
from spaces import Hyperparameters


def input_layers(hyperparameters: Hyperparameters, spec: DataSpec, seed: int) -> Iterator[keras.layers.Layer]:
    """Images standardised and flattened, principal components, inputs dropped.

    The layer `pca` is not trained, and zero until its weights are set.
    """
    if spec.kind == "image":
        yield keras.layers.Rescaling(spec.scale, spec.offset, name="rescaling")
        yield keras.layers.Flatten(name="flatten")
    if components := components_of(hyperparameters, spec):
        yield keras.layers.Dense(components, kernel_initializer="zeros", trainable=False, name="pca")
    if hyperparameters.input_dropout > 0:
        yield keras.layers.Dropout(hyperparameters.input_dropout, seed=seed, name="input_dropout")
