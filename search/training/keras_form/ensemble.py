"""Several networks as one Keras model: the mean of what they answer, by built-in layers alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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


def mean_of_whole(members: Sequence[keras.Model]) -> keras.Model:
    """One model of raw rows whose answers are the mean of what `members` answer, which have names of their own.

    Its inputs are those of all members together, by name: a member may do without a column that others take.
    """
    inputs = {
        tensor.name: keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name)
        for member in members
        for tensor in member.inputs
    }
    answers = [member(_inputs_of(member, inputs)) for member in members]
    mean = keras.layers.Average(dtype=answers[0].dtype, name="mean")(answers)
    by_name = isinstance(members[0].input, dict)
    return keras.Model(inputs if by_name else next(iter(inputs.values())), mean, name="deployable")


def _inputs_of(member: keras.Model, inputs: Mapping[str, Any]) -> Any:
    """As `member` takes them: of a table by name, of vectors alone."""
    if isinstance(member.input, dict):
        return {tensor.name: inputs[tensor.name] for tensor in member.inputs}
    return inputs[member.input.name]
