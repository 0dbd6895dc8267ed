"""What is recorded of each row that a model is judged on: the columns of the table that metrics are made of."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from search.data import DataSpec
from search.settings.metrics import sees_all_outputs
from search.settings.quantiles import quantile_of
from search.training.network.dimensions import output_units

Array = np.ndarray[Any, Any]

COLUMNS: dict[str, tuple[str, ...]] = {
    "regression": ("loss", "answer", "target"),
    "binary": ("loss", "crossentropy", "logit", "label"),
    "multiclass": ("loss", "crossentropy", "right"),
    "multioutput": ("loss",),
    "multilabel": ("loss", "crossentropy"),
}
"""By task, in the order of the table. Answers and targets of a regression are as they are learnt, standardised.

Of several targets follow the answers, or logits, to each, and then what they are.

Where a metric of more than two classes needs them, their `WITH_OUTPUTS` follow, and one column for each output.
"""
WITH_OUTPUTS = (*COLUMNS["multiclass"], "label")


def outputs_of(outputs: Array, spec: DataSpec) -> Array:
    """As `recorded` takes them, of outputs (rows, units): those of one unit as (rows,)."""
    return outputs[:, 0] if output_units(spec) == 1 else outputs


def target_table(table: Array, place: int, spec: DataSpec) -> Array:
    """What would be recorded of one of several targets alone, (rows, columns) float64."""
    count, first = len(spec.targets), len(COLUMNS[spec.task])
    output, y = (table[:, first + at].astype(np.float64) for at in (place, count + place))
    return recorded(output, y, spec.of_target(place))


def _recorded_of_several(outputs: Array, y: Array, spec: DataSpec) -> Array:
    if spec.of_quantities:
        return np.concatenate([np.square(outputs - y).mean(axis=1)[:, None], outputs, y], axis=1)
    loss = (np.logaddexp(0.0, outputs) - y * outputs).mean(axis=1)[:, None]
    return np.concatenate([loss, loss, outputs, y], axis=1)


def recorded(outputs: Array, y: Array, spec: DataSpec, asked: Collection[str] = ()) -> Array:
    """A line for each row, as a graph records it of a network (`training/graph/head.py`): float64 (rows, columns).

    Args:
        outputs: logits (rows,) or (rows, classes), or standardised predictions (rows,); of several targets
            (rows, targets).
        y: class numbers or standardised targets, (rows,); of several (rows, targets).
        asked: metrics that will be made of it beside those of every study.
    """
    if spec.targets:
        return _recorded_of_several(outputs, y.astype(np.float64), spec)
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
