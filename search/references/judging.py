"""What a fitted reference model is worth on given rows: the metrics of a network, by the same formulas."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from search.data import DataSpec
from search.references.models import Answer, Fitted
from search.settings.metrics import in_order
from search.training.decision import Decision
from search.training.measures import decision_on, logs_of, scores_of
from search.training.network.recorded import recorded

Array = np.ndarray[Any, Any]

# Of rows at a time: models answer in float64, and copy what they are given.
_BLOCK = 65_536


def measure(
    model: Fitted,
    x: Array,
    y: Array,
    spec: DataSpec,
    asked: Collection[str] = (),
    weights: Array | None = None,
) -> dict[str, float]:
    """Metrics of the task by name, and those that are `asked` beside; `auc` where there are rows of two classes.

    Without `loss`: that of networks holds a penalty and label smoothing, which no other model has.

    Args:
        x, y: prepared rows, as in `PreparedData`.
        weights: how much each row counts, (rows,); all alike without them.
    """
    by = model.threshold
    logs = logs_of(_table(model.answer, x, y, spec, asked), spec, asked, weights, threshold=by)
    for metric in logs.keys() & model.answer_for.keys():
        table = _table(model.answer_for[metric], x, y, spec, asked)
        logs[metric] = logs_of(table, spec, asked, weights, threshold=by)[metric]
    return {metric: logs[metric] for metric in in_order(logs)}


def score(
    model: Fitted, x: Array, y: Array, metric: str, spec: DataSpec, weights: Array | None = None
) -> Array | None:
    """The score of each row, float64 (rows,), whose mean is `metric`; None where rows have none of it."""
    table = _table(model.answer_for.get(metric, model.answer), x, y, spec, (metric,))
    return scores_of(table, metric, spec, weights, model.threshold)


def decision(
    model: Fitted, x: Array, y: Array, metric: str, spec: DataSpec, weights: Array | None = None
) -> Decision | None:
    """The threshold that is best by `metric` on these rows; None where there is none to fit."""
    table = _table(model.answer_for.get(metric, model.answer), x, y, spec, ())
    return decision_on(table, metric, spec, weights)


def _table(answer: Answer, x: Array, y: Array, spec: DataSpec, asked: Collection[str]) -> Array:
    starts = range(0, len(x), _BLOCK)
    blocks = ((x[at : at + _BLOCK], y[at : at + _BLOCK]) for at in starts)
    return np.concatenate([recorded(answer(rows), targets, spec, asked) for rows, targets in blocks])
