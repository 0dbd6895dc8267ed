"""The Keras model of a trial's hyperparameters, whoever builds it: perceptuna, or a function of the user's own."""

from __future__ import annotations

import keras

from search.data import DataSpec
from search.training.keras_form.model import build_model
from search.training.own_model.building import built
from spaces import Hyperparameters


def model_of(
    hyperparameters: Hyperparameters, spec: DataSpec, *, seed: int = 0, name: str = "mlp"
) -> keras.Model:
    """From prepared rows to what the network answers, not compiled; as `build_model`."""
    if not hyperparameters.network:
        return build_model(hyperparameters, spec, seed=seed, name=name)
    inputs = keras.Input(spec.input_shape, dtype="uint8" if spec.kind == "image" else "float32", name="x")
    return keras.Model(inputs, built(hyperparameters, spec, seed)(inputs), name=name)
