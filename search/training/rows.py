"""Rows as tensors, as a compiled epoch takes them: the prepared rows, or their principal components."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from search.data import Components, DataSpec, PreparedData, load_prepared
from search.training.graph.arithmetic import dense
from search.training.graph.inputs import standardised
from search.training.mapped import as_tensor
from search.training.network.bins import bins_between_quantiles
from search.training.network.dimensions import asks_twice, components_of, embedding_of, numbers_of
from search.training.network.weights import BINS, projection_weights
from spaces import Hyperparameters

Array = np.ndarray[Any, Any]
Rows = tuple[Any, Any]

# Of a projection at a time.
_BLOCK = 4096


@dataclass(frozen=True)
class Inputs:
    """Rows as a compiled epoch takes them, as tensors: x (rows, features) and y (rows,).

    `mirrored` are the validation images mirrored left to right, for networks that are asked about both; else no rows.
    `projection` is the kernel and bias of the layer `pca`, empty without one: training rows that are augmented are
    projected in each step, all others are projected here. `frozen` are the weights that are not trained but made of
    the training rows, by their paths. `weights`, float32 (rows,), are how much training rows count;
    None where all count alike.
    """

    train: Rows
    validation: Rows
    mirrored: Any
    projection: tuple[Array, ...] = ()
    frozen: Mapping[str, Array] = field(default_factory=dict)
    weights: Any = None


def inputs_of(hyperparameters: Hyperparameters, data: PreparedData) -> Inputs:
    """Training and validation rows of one training; kept for the next one that looks at the same."""
    components, mirror = components_of(hyperparameters, data.spec), asks_twice(hyperparameters, data.spec)
    if not components:
        # Only one set of inputs is counted in `search.training.memory`.
        _projected.cache_clear()
        return replace(_resident(data.folder, mirror), frozen=_frozen(hyperparameters, data))
    return _projected(data.folder, mirror, components, hyperparameters.augment != "none")


def _frozen(hyperparameters: Hyperparameters, data: PreparedData) -> dict[str, Array]:
    if embedding_of(hyperparameters, data.spec) != "piecewise":
        return {}
    kernel, bias = _bins(data.folder, hyperparameters.bins)
    return {f"{BINS}/kernel": kernel, f"{BINS}/bias": bias}


@lru_cache(maxsize=8)
def _bins(folder: Path, count: int) -> tuple[Array, Array]:
    data = load_prepared(folder)
    numbers = data.training()[0][:, : numbers_of(data.spec)]
    return bins_between_quantiles(numbers, count)


def split_weights(
    hyperparameters: Hyperparameters, spec: DataSpec, weights: list[Array]
) -> tuple[tuple[Array, ...], list[Array]]:
    """Weights in Keras's order as those of the layer `pca`, if there is one, and those that are trained."""
    frozen = len(projection_weights(hyperparameters, spec))
    return tuple(weights[:frozen]), weights[frozen:]


def rows_as_inputs(x: Array, spec: DataSpec, projection: tuple[Array, ...]) -> Any:
    """Prepared rows as `CompiledEpoch.evaluate` takes them: (rows, features), projected where there is a projection."""
    if not projection:
        return as_tensor(x, flat=True)
    rows = x.reshape(len(x), math.prod(x.shape[1:]))
    kernel, bias = map(tf.constant, projection)

    def projected(block: Array) -> Any:
        return dense(standardised(block, spec.scale, spec.offset), kernel, bias, bfloat16=False)

    starts = range(0, max(len(rows), 1), _BLOCK)
    return tf.concat([projected(rows[at : at + _BLOCK]) for at in starts], axis=0)


def mirrored_rows(x: Array, mirror: bool) -> Array:
    """Images mirrored left to right, or none of them."""
    return x[:, :, ::-1] if mirror else x[:0]


@lru_cache(maxsize=1)
def _training(folder: Path) -> Rows:
    x, y = load_prepared(folder).training()
    return as_tensor(x, flat=True), as_tensor(y)


@lru_cache(maxsize=1)
def _weights(folder: Path) -> Any:
    weights = load_prepared(folder).training_weights()
    return None if weights is None else as_tensor(weights)


@lru_cache(maxsize=1)
def _resident(folder: Path, mirror: bool) -> Inputs:
    return Inputs(_training(folder), *_validation(folder, mirror, ()), weights=_weights(folder))


def _validation(folder: Path, mirror: bool, projection: tuple[Array, ...]) -> tuple[Rows, Any]:
    data = load_prepared(folder)
    x, y = data.validation()
    mirrored = rows_as_inputs(mirrored_rows(x, mirror), data.spec, projection)
    return (rows_as_inputs(x, data.spec, projection), as_tensor(y)), mirrored


@lru_cache(maxsize=1)
def _projected(folder: Path, mirror: bool, components: int, augmented: bool) -> Inputs:
    # Before others are made: a worker's memory is not counted for both.
    _projected.cache_clear()
    data = load_prepared(folder)
    projection = Components.load(folder).projection(components)
    if augmented:
        train = _training(folder)
    else:
        x, y = data.training()
        train = rows_as_inputs(x, data.spec, projection), as_tensor(y)
    return Inputs(train, *_validation(folder, mirror, projection), projection, weights=_weights(folder))
