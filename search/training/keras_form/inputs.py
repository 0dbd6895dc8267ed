"""From a row to what the first hidden layer sees, as Keras layers; as `graph/inputs.py` without augmentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import keras

from search.data import DataSpec
from search.training.keras_form.codes import with_vectors
from search.training.keras_form.embedding import embedded
from search.training.network.dimensions import components_of, embedding_of
from spaces import Hyperparameters


def input_layers(
    hyperparameters: Hyperparameters, spec: DataSpec, seed: int
) -> Iterator[Callable[[Any], Any]]:
    """Images standardised and flattened, principal components, numbers and codes embedded, inputs dropped.

    The layers `pca` and `bins` are not trained, and zero until their weights are set.
    """
    if spec.kind == "image":
        yield keras.layers.Rescaling(spec.scale, spec.offset, name="rescaling")
        yield keras.layers.Flatten(name="flatten")
    if components := components_of(hyperparameters, spec):
        yield keras.layers.Dense(components, kernel_initializer="zeros", trainable=False, name="pca")
    if embedding_of(hyperparameters, spec) != "none":
        yield partial(embedded, hyperparameters=hyperparameters, spec=spec, seed=seed)
    if spec.coded:
        yield partial(with_vectors, spec=spec)
    if hyperparameters.input_dropout > 0:
        yield keras.layers.Dropout(hyperparameters.input_dropout, seed=seed, name="input_dropout")
