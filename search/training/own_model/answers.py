"""What a network of the user's own answers, as metrics are made of it: the same table as of ours."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import keras
import numpy as np

from search.data import DataSpec
from search.training.network.dimensions import EVALUATION_BATCH
from search.training.network.logits import logits_of
from search.training.network.recorded import outputs_of, recorded

Array = np.ndarray[Any, Any]


def answered_table(
    model: keras.Model, x: Array, y: Array, spec: DataSpec, asked: Collection[str] = ()
) -> Array:
    """A line for each prepared row, as `recorded`: float64 (rows, columns)."""
    outputs = answered_outputs(model, x, spec)
    return recorded(outputs_of(outputs, spec), y, spec, asked)


def answered_outputs(model: keras.Model, x: Array, spec: DataSpec) -> Array:
    """What stands for the answers before a last activation, float64 (rows, units): logits, or answers themselves."""
    answers = model.predict(x, batch_size=EVALUATION_BATCH, verbose=0).astype(np.float64)
    if spec.of_quantities:
        return np.asarray(answers)
    return logits_of(answers, spec.task)
