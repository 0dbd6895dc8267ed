"""A network whose logits are divided by a temperature, by built-in layers alone."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from search.training.keras_form.head import ACTIVATIONS

# What a probability of 0, or one of two classes of 1, stands for: their logits would be infinite.
_LEAST = float(np.finfo(np.float32).tiny)
_LEAST_OF_TWO = 2.0**-25


def calibrated_model(model: keras.Model, temperature: float, task: str) -> keras.Model:
    """As `model`, which answers class probabilities, or that of the second of two classes.

    Logits are made of its answers again, as networks with members or of both sides of an image have none of their own.
    """
    shares = model.output
    logits = ops.log(ops.maximum(shares, _LEAST))
    if task == "binary":
        logits = logits - ops.log(ops.maximum(1.0 - shares, _LEAST_OF_TWO))
    divided = keras.layers.Rescaling(1.0 / temperature, name="temperature")(logits)
    outputs = keras.layers.Activation(ACTIVATIONS[task], name="calibrated")(divided)
    return keras.Model(model.inputs[0], outputs, name=model.name)
