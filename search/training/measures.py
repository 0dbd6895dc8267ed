"""Metrics: what is made of the table that is recorded of rows, by the names of `settings/metrics.py`.

All of it in NumPy and in float64: metrics, row scores and AUC are of the same table, so that a metric and the scores of
its rows cannot be two things. Compiled graphs record it of networks, `search/references` of scikit-learn's models. A
further metric is a row there and a formula here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from search.data import DataSpec
from search.settings.metrics import metrics_of
from search.training.network.recorded import COLUMNS

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class _Rows:
    """What was recorded of rows of `spec`, (rows, columns) float32 or float64."""

    table: Array
    spec: DataSpec

    def recorded(self, column: str) -> Array:
        """As it was recorded, (rows,)."""
        return self.table[:, COLUMNS[self.spec.task].index(column)]

    def __getitem__(self, column: str) -> Array:
        """float64 (rows,)."""
        return self.recorded(column).astype(np.float64)


def logs_of(table: Array, spec: DataSpec) -> dict[str, float]:
    """Loss and metrics by Keras's names, in the order of its logs; `auc` where there are rows of both classes.

    Args:
        table: of all rows, (rows, columns).
    """
    rows = _Rows(table, spec)
    logs = {"loss": _mean(rows["loss"])}
    for metric in metrics_of(spec.task):
        if metric in _OF_EACH_ROW:
            logs[metric] = _mean(_OF_EACH_ROW[metric](rows))
        elif (value := _OF_ALL_ROWS[metric](rows)) is not None:
            logs[metric] = value
    return dict(sorted(logs.items()))


def scores_of(table: Array, metric: str, spec: DataSpec) -> Array | None:
    """The score of each row, float64 (rows,), whose mean is `metric`; None where a metric is no mean over rows.

    `loss` (with its L2 penalty) and the metrics of `_OF_ALL_ROWS` belong to all rows together.
    """
    if metric not in metrics_of(spec.task) or metric not in _OF_EACH_ROW:
        return None
    return _OF_EACH_ROW[metric](_Rows(table, spec))


def _right(rows: _Rows) -> Array:
    """1 for right and 0 for wrong, NaN where the network's output is none."""
    binary = rows.spec.task == "binary"
    right = (rows["logit"] > 0) == (rows["label"] > 0) if binary else rows["right"] > 0
    return np.where(np.isnan(rows["crossentropy"]), np.nan, right)


def _crossentropy(rows: _Rows) -> Array:
    """That of the row, from logits, without L2 penalty and label smoothing."""
    return rows["crossentropy"]


def _absolute_error(rows: _Rows) -> Array:
    """In the target's units."""
    return rows["absolute_error"] * rows.spec.target_std


def _part_of_rmse(rows: _Rows) -> Array:
    """What each row adds to the root of the mean squared error, in the target's units.

    RMSE is no mean over rows, but the mean squared error m² is, and a little more or less of it moves its root by
    1 / (2 m). So a row of squared error s adds (s / m + m) / 2: these have the mean m, and the spread of their mean is
    that of m, to first order (the delta method; Efron & Tibshirani 1993, ch. 21).
    """
    with np.errstate(invalid="ignore", over="ignore"):
        squared = np.square(rows["absolute_error"])
        root = np.sqrt(squared.mean())
        # Inf over inf would be no number, where the root is one that says what happened.
        finite = 0 < root < np.inf
        return rows.spec.target_std * ((squared / root + root) / 2 if finite else np.full_like(squared, root))


def _auc(rows: _Rows) -> float | None:
    """None without rows of both classes."""
    positive = rows["label"] > 0
    if not positive.any() or positive.all():
        return None
    return area_under_roc(rows.recorded("logit"), positive)


def _r2(rows: _Rows) -> float:
    """R², 0 where all targets are one value."""
    with np.errstate(invalid="ignore", over="ignore"):
        y = rows["target"]
        spread = float(np.square(y - y.mean()).sum())
        return 1 - float(np.square(rows["absolute_error"]).sum()) / spread if spread > 0 else 0.0


_OF_EACH_ROW: dict[str, Callable[[_Rows], Array]] = {
    "accuracy": _right,
    "crossentropy": _crossentropy,
    "mae": _absolute_error,
    "rmse": _part_of_rmse,
}
"""Metrics that are means over rows, by the scores of the rows."""
_OF_ALL_ROWS: dict[str, Callable[[_Rows], float | None]] = {"auc": _auc, "r2": _r2}


def area_under_roc(scores: Array, positive: Array) -> float:
    """The share of pairs of a positive and a negative row that `scores` put in order, ties as half (Fawcett 2006).

    Mann & Whitney's statistic (1947), counted in whole numbers. NaN where a score is none.

    Args:
        scores: (rows,).
        positive: bool (rows,), some of them true and some false.
    """
    if np.isnan(scores).any():
        return float("nan")
    above, below = np.sort(scores[positive]), np.sort(scores[~positive])
    # Of each positive row: the negative ones below it, and those below it or tied with it.
    twice_in_order = sum(int(np.searchsorted(below, above, side).sum()) for side in ("left", "right"))
    return twice_in_order / (2 * len(above) * len(below))


def _mean(values: Array) -> float:
    with np.errstate(invalid="ignore", over="ignore"):
        return float(values.mean())
