"""Several networks as one Keras model: the weighted mean of what they answer, by built-in layers alone."""

from __future__ import annotations

from collections.abc import Sequence

import keras


def averaged_model(members: Sequence[keras.Model], weights: Sequence[float]) -> keras.Model:
    """One model of the same inputs and outputs as each of `members`, which have names of their own.

    Its answers are the mean of their class probabilities, or of their standardised predictions, with `weights` that
    sum to 1.

    Raises:
        ValueError: there is no member, or not a weight for each.
    """
    if not members or len(members) != len(weights):
        raise ValueError(f"expected a weight for each member, but got {len(weights)} for {len(members)}")
    like = members[0].inputs[0]
    inputs = keras.Input(like.shape[1:], dtype=like.dtype, name="x")
    parts = [
        keras.layers.Rescaling(float(weight), name=f"weight_{place}")(member(inputs))
        for place, (member, weight) in enumerate(zip(members, weights, strict=True), start=1)
    ]
    outputs = keras.layers.Add(name="mean")(parts) if len(parts) > 1 else parts[0]
    return keras.Model(inputs, outputs, name="ensemble")
