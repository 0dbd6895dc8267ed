"""What trained weights are worth on given rows: loss and metrics, and the score of each row."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from search.data import DataSpec
from search.training.epoch import compiled_epoch
from search.training.evaluation import BATCH
from search.training.inputs import mirrored_rows, rows_as_inputs, split_weights
from search.training.model import build_model
from search.training.structure import Structure
from spaces import Hyperparameters

Array = np.ndarray[Any, Any]

# The smallest probability that Keras takes the logarithm of.
_LEAST = 1e-7


def measure_rows(
    hyperparameters: Hyperparameters, spec: DataSpec, weights: list[Array], x: Array, y: Array
) -> dict[str, float]:
    """Loss and metrics on all rows, by Keras's names: measured as a training measures its validation rows.

    Args:
        weights: in Keras's order.
        x, y: prepared rows, as in `PreparedData`.
    """
    epoch = compiled_epoch(Structure.of(hyperparameters, spec, bfloat16=False))
    projection, trained = split_weights(hyperparameters, spec, weights)
    epoch.reset(hyperparameters, trained, spec, seed=0)
    rows = rows_as_inputs(x, spec, projection)
    mirrored = rows_as_inputs(mirrored_rows(x, epoch.structure.mirror), spec, projection)
    sums = epoch.evaluate(rows, tf.constant(y), mirrored)
    return epoch.measures.logs(sums, len(x), spec)


def score_rows(
    hyperparameters: Hyperparameters, spec: DataSpec, weights: list[Array], x: Array, y: Array, metric: str
) -> Array | None:
    """The score of each row, float64 (rows,), whose mean is `metric`; None where a metric is no mean over rows.

    `accuracy`: 1 for right and 0 for wrong. `mae`: the absolute error in the target's units. `crossentropy`: that
    of the row. `loss` (with its L2 penalty), `auc` and `r2` belong to all rows together.
    """
    if metric not in ("accuracy", "mae", "crossentropy"):
        return None
    model = build_model(hyperparameters, spec)
    model.set_weights(weights)
    predicted = _predict(model, x)
    if metric == "mae":
        return np.abs(predicted[:, 0] - y) * spec.target_std
    if spec.task == "binary":
        predicted = np.concatenate([1 - predicted, predicted], axis=1)
    if metric == "accuracy":
        return (predicted.argmax(axis=1) == y).astype(np.float64)
    return -np.log(np.clip(predicted[np.arange(len(y)), y], _LEAST, 1 - _LEAST))


def _predict(model: keras.Model, x: Array) -> Array:
    """Outputs of all rows, float64 (rows, units)."""
    batches = [np.asarray(model(x[start : start + BATCH])) for start in range(0, len(x), BATCH)]
    return np.concatenate(batches).astype(np.float64)
