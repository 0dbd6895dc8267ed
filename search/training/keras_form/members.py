"""Members as Keras layers: factors of the inputs for each, and one answer of all; as `graph/members.py`."""

from __future__ import annotations

from typing import Any

import keras

from search.data import DataSpec
from search.training.keras_form.initial import initializer
from search.training.network.dimensions import first_inputs
from search.training.network.weights import MEMBERS, trained_weights
from spaces import Hyperparameters


def members_layer(hyperparameters: Hyperparameters, spec: DataSpec, seed: int) -> keras.layers.Layer:
    """From (batch, features) to (batch, members, features)."""
    path = f"{MEMBERS}/kernel"
    factors = next(one for one in trained_weights(hyperparameters, spec) if one.path == path)
    return keras.layers.EinsumDense(
        "bf,mf->bmf",
        (hyperparameters.members, first_inputs(hyperparameters, spec)),
        kernel_initializer=initializer(factors, seed),
        name=MEMBERS,
    )


def mean_of_members(outputs: Any) -> Any:
    """Of answers (batch, members, units), (batch, units)."""
    return keras.layers.GlobalAveragePooling1D(name="mean_of_members")(outputs)
