"""What trained weights are worth on given rows: loss and metrics, and the score of each row."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from search.data import DataSpec
from search.training.decision import Decision
from search.training.forms import model_of
from search.training.graph.epoch import CompiledEpoch, compiled_epoch
from search.training.measures import decision_on, logs_of, scores_of
from search.training.network.structure import Structure
from search.training.own_model.answers import answered_outputs, answered_table
from search.training.rows import mirrored_rows, rows_as_inputs, split_weights
from spaces import Hyperparameters

Array = np.ndarray[Any, Any]


def measure_rows(
    hyperparameters: Hyperparameters,
    spec: DataSpec,
    weights: list[Array],
    x: Array,
    y: Array,
    asked: Collection[str] = (),
    row_weights: Array | None = None,
    threshold: float | None = None,
) -> dict[str, float]:
    """Loss and metrics on all rows, by Keras's names: measured as a training measures its validation rows.

    Args:
        weights: in Keras's order.
        x, y: prepared rows, as in `PreparedData`.
        asked: metrics beside those of every study.
        row_weights: how much each row counts, (rows,); all alike without them.
        threshold: the second of two classes is answered above this probability; None: as is usual for each metric.
    """
    table = _table(hyperparameters, spec, weights, x, y, asked)
    return logs_of(table, spec, asked, row_weights, threshold=threshold)


def score_rows(
    hyperparameters: Hyperparameters,
    spec: DataSpec,
    weights: list[Array],
    x: Array,
    y: Array,
    metric: str,
    row_weights: Array | None = None,
    threshold: float | None = None,
) -> Array | None:
    """The score of each row, float64 (rows,), whose mean is `metric`; None where rows have none of it.

    It is of the table that the metric is made of, so that intervals over rows are of the quantity that is shown.
    """
    table = _table(hyperparameters, spec, weights, x, y, (metric,))
    return scores_of(table, metric, spec, row_weights, threshold)


def decision_on_rows(
    hyperparameters: Hyperparameters,
    spec: DataSpec,
    weights: list[Array],
    x: Array,
    y: Array,
    metric: str,
    row_weights: Array | None = None,
) -> Decision | None:
    """The threshold that is best by `metric` on these rows; None where there is none to fit."""
    return decision_on(_table(hyperparameters, spec, weights, x, y, (metric,)), metric, spec, row_weights)


def row_outputs(hyperparameters: Hyperparameters, spec: DataSpec, weights: list[Array], x: Array) -> Array:
    """What a network answers before its last activation, float32 (rows, units).

    Logits (rows, classes), that of the second class (rows, 1), or standardised predictions (rows, 1).

    Args:
        weights: in Keras's order.
        x: prepared rows, as in `PreparedData`.
    """
    if hyperparameters.network:
        return answered_outputs(_own(hyperparameters, spec, weights), x, spec).astype(np.float32)
    epoch, rows, mirrored = _network(hyperparameters, spec, weights, x)
    return epoch.outputs(rows, mirrored)


def _table(
    hyperparameters: Hyperparameters,
    spec: DataSpec,
    weights: list[Array],
    x: Array,
    y: Array,
    asked: Collection[str],
) -> Array:
    if hyperparameters.network:
        return answered_table(_own(hyperparameters, spec, weights), x, y, spec, asked)
    epoch, rows, mirrored = _network(hyperparameters, spec, weights, x, asked)
    return epoch.evaluate(rows, tf.constant(y), mirrored)


def _own(hyperparameters: Hyperparameters, spec: DataSpec, weights: list[Array]) -> keras.Model:
    model = model_of(hyperparameters, spec)
    model.set_weights(weights)
    return model


def _network(
    hyperparameters: Hyperparameters,
    spec: DataSpec,
    weights: list[Array],
    x: Array,
    asked: Collection[str] = (),
) -> tuple[CompiledEpoch, Any, Any]:
    """The network, and its rows and mirrored rows as it takes them."""
    epoch = compiled_epoch(Structure.of(hyperparameters, spec, bfloat16=False, asked=asked))
    projection, trained = split_weights(hyperparameters, spec, weights)
    epoch.reset(hyperparameters, trained, spec, seed=0)
    rows = rows_as_inputs(x, spec, projection)
    return epoch, rows, rows_as_inputs(mirrored_rows(x, epoch.structure.mirror), spec, projection)
