"""Members as Keras layers: factors of the inputs for each, and one answer of all; as `graph/members.py`."""

from __future__ import annotations

from typing import Any

import keras

from search.data import DataSpec
from search.training.keras_form.initial import initializer
from search.training.network.weights import MEMBERS, weight_at
from spaces import Hyperparameters


def members_layer(hyperparameters: Hyperparameters, spec: DataSpec, seed: int) -> keras.layers.Layer:
    """From (batch, features) to (batch, members, features)."""
    factors = weight_at(f"{MEMBERS}/kernel", hyperparameters, spec)
    return keras.layers.EinsumDense(
        "bf,mf->bmf",
        factors.shape,
        kernel_initializer=initializer(factors, seed),
        name=MEMBERS,
    )


def mean_of_members(outputs: Any) -> Any:
    """Of answers (batch, members, units), (batch, units)."""
    return keras.layers.GlobalAveragePooling1D(name="mean_of_members")(outputs)
