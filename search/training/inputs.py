"""What a network's first layer is given: the prepared rows, or their principal components."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from search.data import Components, DataSpec, PreparedData, load_prepared
from search.training.model import components_of
from spaces import Hyperparameters

Array = np.ndarray[Any, Any]
Rows = tuple[Any, Any]

# Of a projection at a time.
_BLOCK = 4096


@dataclass(frozen=True)
class Inputs:
    """Rows as a compiled epoch takes them, as tensors: x (rows, features) and y (rows,).

    `projection` is the kernel and bias of the layer `pca`, empty without one: training rows that are augmented are
    projected in each step, all others are projected here.
    """

    train: Rows
    validation: Rows
    projection: tuple[Array, ...] = ()


def inputs_of(hyperparameters: Hyperparameters, data: PreparedData) -> Inputs:
    """Training and validation rows of one training; kept for the next one that looks at the same."""
    components = components_of(hyperparameters, data.spec)
    if not components:
        return _resident(data.folder)
    return _projected(data.folder, components, hyperparameters.augment != "none")


def split_weights(
    hyperparameters: Hyperparameters, spec: DataSpec, weights: list[Array]
) -> tuple[tuple[Array, ...], list[Array]]:
    """Weights in Keras's order as those of the layer `pca`, if there is one, and those that are trained."""
    frozen = 2 if components_of(hyperparameters, spec) else 0
    return tuple(weights[:frozen]), weights[frozen:]


def rows_as_inputs(x: Array, spec: DataSpec, projection: tuple[Array, ...]) -> Any:
    """Prepared rows as `CompiledEpoch.evaluate` takes them: (rows, features), projected where there is a projection."""
    rows = x.reshape(len(x), -1)
    if not projection:
        return tf.constant(rows)
    kernel, bias = map(tf.constant, projection)
    blocks = [
        tf.nn.bias_add(
            tf.matmul(tf.cast(rows[at : at + _BLOCK], tf.float32) * spec.scale + spec.offset, kernel), bias
        )
        for at in range(0, len(rows), _BLOCK)
    ]
    return tf.concat(blocks, axis=0)


@lru_cache(maxsize=1)
def _resident(folder: Path) -> Inputs:
    data = load_prepared(folder)
    (x, y), (x_validation, y_validation) = data.training(), data.validation()
    return Inputs(
        train=(rows_as_inputs(x, data.spec, ()), tf.constant(y)),
        validation=(rows_as_inputs(x_validation, data.spec, ()), tf.constant(y_validation)),
    )


@lru_cache(maxsize=1)
def _projected(folder: Path, components: int, augmented: bool) -> Inputs:
    data = load_prepared(folder)
    projection = Components.load(folder).projection(components)
    (x, y), (x_validation, y_validation) = data.training(), data.validation()
    train = (
        _resident(folder).train if augmented else (rows_as_inputs(x, data.spec, projection), tf.constant(y))
    )
    validation = rows_as_inputs(x_validation, data.spec, projection), tf.constant(y_validation)
    return Inputs(train, validation, projection)
