"""Initial weights: those that Keras's layers begin with, also where no layer is made."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from search.data import DataSpec
from search.training.network.weights import Weight, trained_weights
from spaces import Hyperparameters

Array = np.ndarray[Any, Any]

_CONSTANTS = {"zeros": np.zeros, "ones": np.ones}


def initializer(weight: Weight, seed: int) -> keras.initializers.Initializer:
    """Keras's, by the training's seed."""
    config = {} if weight.initial in _CONSTANTS else {"seed": seed + weight.seed, **dict(weight.settings)}
    return keras.initializers.get({"class_name": weight.initial, "config": config})


def initial_weights(
    hyperparameters: Hyperparameters,
    spec: DataSpec,
    seed: int,
    frozen: Mapping[str, Array] = MappingProxyType({}),
) -> list[Array]:
    """The weights `build_model` begins with, in Keras's order, without making layers and without those of `pca`.

    Args:
        frozen: by their paths, those that are made of the training rows.
    """
    weights = trained_weights(hyperparameters, spec)
    return [frozen[one.path] if one.path in frozen else _initial(one, seed) for one in weights]


def _initial(weight: Weight, seed: int) -> Array:
    if weight.initial in _CONSTANTS:
        return _CONSTANTS[weight.initial](weight.shape, np.float32)
    return np.asarray(initializer(weight, seed)(weight.shape))
