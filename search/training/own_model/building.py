"""Calls the function of the user's own that builds a network."""

from __future__ import annotations

import keras

from search.data import DataSpec
from search.errors import InputError
from search.machine.importing import imported
from search.training.own_model.inputs import ModelInputs
from spaces import Hyperparameters


def built(hyperparameters: Hyperparameters, spec: DataSpec, seed: int) -> keras.Model:
    """The model as the function returns it, with its weights; all that it draws is by `seed`.

    Raises:
        InputError: the function cannot be imported, or returns no Keras model.
        Exception: whatever the function raises.
    """
    function = imported(hyperparameters.network, "--model")
    keras.utils.set_random_seed(seed)
    model = function(hyperparameters.named, ModelInputs.of(spec))
    if not isinstance(model, keras.Model):
        raise InputError(
            f"--model {hyperparameters.network}: expected a keras.Model in return, but got {type(model).__name__}"
        )
    if not model.built:
        model.build((None, *spec.input_shape))
    return model
