"""Keras as it comes: what a user's keras.json and environment change of it would change trainings.

Whoever imports Keras first does it here; afterwards it is imported as usual.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from search.errors import InputError

# Limits of `fit`, and variables of another library.
_VARIABLES = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "KERAS_NNX_ENABLED")


def import_keras() -> Any:
    """The module `keras` on TensorFlow, float32, channels last, epsilon 1e-7.

    Raises:
        InputError: it runs on another backend already (in a notebook), or keras.json holds what Keras refuses.
    """
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "tensorflow"
        for name in _VARIABLES:
            os.environ.pop(name, None)
    try:
        import keras
    except ValueError as error:
        raise InputError(
            f"{keras_home() / 'keras.json'}: Keras refuses it ({error}); mend or remove it"
        ) from error
    if keras.config.backend() != "tensorflow":
        raise InputError(
            f"Keras runs on {keras.config.backend()} in this process, and models of perceptuna need tensorflow; start "
            "Python anew with KERAS_BACKEND=tensorflow in the environment"
        )
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    return keras


def keras_home() -> Path:
    """Where Keras keeps its settings and the data that it downloads."""
    return Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
