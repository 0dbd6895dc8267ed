"""What is recorded of each row that a model is judged on: the columns of the table that metrics are made of."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from search.data import DataSpec
from search.settings.metrics import sees_all_outputs
from search.settings.quantiles import quantile_of

Array = np.ndarray[Any, Any]

COLUMNS: dict[str, tuple[str, ...]] = {
    "regression": ("loss", "answer", "target"),
    "binary": ("loss", "crossentropy", "logit", "label"),
    "multiclass": ("loss", "crossentropy", "right"),
}
"""By task, in the order of the table. Answers and targets of a regression are as they are learnt, standardised.

Where a metric of more than two classes needs them, their `WITH_OUTPUTS` follow, and one column for each output.
"""
WITH_OUTPUTS = (*COLUMNS["multiclass"], "label")


def recorded(outputs: Array, y: Array, spec: DataSpec, asked: Collection[str] = ()) -> Array:
    """A line for each row, as a graph records it of a network (`training/graph/head.py`): float64 (rows, columns).

    Args:
        outputs: logits (rows,) or (rows, classes), or standardised predictions (rows,).
        y: class numbers or standardised targets, (rows,).
        asked: metrics that will be made of it beside those of every study.
    """
    if spec.task == "regression":
        target, level = y.astype(np.float64), quantile_of(asked)
        missed = target - outputs
        loss = np.square(missed) if level is None else np.maximum(level * missed, (level - 1) * missed)
        return np.stack([loss, outputs, target], axis=1)
    if spec.task == "binary":
        loss = np.logaddexp(0.0, outputs) - y * outputs
        return np.stack([loss, loss, outputs, y.astype(np.float64)], axis=1)
    loss = np.logaddexp.reduce(outputs, axis=1) - outputs[np.arange(len(y)), y]
    right = (outputs.argmax(axis=1) == y).astype(np.float64)
    columns = np.stack([loss, loss, right], axis=1)
    if not sees_all_outputs(spec.task, asked):
        return columns
    return np.concatenate([columns, y[:, None].astype(np.float64), outputs], axis=1)
