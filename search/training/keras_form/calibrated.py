"""A network whose logits are divided by a temperature, by built-in layers alone."""

from __future__ import annotations

import keras
from keras import ops

from search.training.keras_form.head import ACTIVATIONS
from search.training.network.logits import LEAST, LEAST_OF_TWO


def calibrated_model(model: keras.Model, temperature: float, task: str) -> keras.Model:
    """As `model`, which answers class probabilities, or that of the second of two classes.

    Logits are made of its answers, as by `logits_of`: networks with members or of both sides of an image have none.
    """
    shares = model.output
    logits = ops.log(ops.maximum(shares, LEAST))
    if task == "binary":
        logits = logits - ops.log(ops.maximum(1.0 - shares, LEAST_OF_TWO))
    divided = keras.layers.Rescaling(1.0 / temperature, name="temperature")(logits)
    outputs = keras.layers.Activation(ACTIVATIONS[task], name="calibrated")(divided)
    return keras.Model(model.inputs[0], outputs, name=model.name)
