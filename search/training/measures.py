"""Metrics: what is made of the table that is recorded of rows, by the names of `settings/metrics.py`.

All of it in NumPy and in float64: metrics, row scores and AUC are of the same table, so that a metric and the scores of
its rows cannot be two things. Compiled graphs record it of networks, `search/references` of scikit-learn's models. A
further metric is a row there and a formula here, or in `confusion.py` or `ranking.py`. Values are scikit-learn's, with
0 where it would divide by 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from search.data import DataSpec
from search.settings.costs import Costs, costs_in
from search.settings.metrics import find_metric, metrics_of
from search.settings.own_metrics import OwnMetric, own_metric_in
from search.training.confusion import Counted
from search.training.decision import USUAL, Decision, decision_of
from search.training.network.recorded import COLUMNS, WITH_OUTPUTS
from search.training.ranking import (
    area_under_roc,
    average_precision,
    mean_area_under_roc,
    median,
    parts_of_average_precision,
)

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class _Rows:
    """What was recorded of rows of `spec`, (rows, columns) float32 or float64; `weights` are float64 (rows,).

    The second of two classes is answered above the probability `threshold`; where it is None, above what is usual for
    the metric.
    """

    table: Array
    spec: DataSpec
    weights: Array | None = None
    threshold: float | None = None

    def mean(self, values: Array) -> float:
        """Over rows, each by its weight."""
        with np.errstate(invalid="ignore", over="ignore"):
            return float(np.average(values, weights=self.weights))

    def recorded(self, column: str) -> Array:
        """As it was recorded, (rows,)."""
        return self.table[:, COLUMNS[self.spec.task].index(column)]

    def __getitem__(self, column: str) -> Array:
        """float64 (rows,)."""
        return self.recorded(column).astype(np.float64)

    @property
    def targets(self) -> Array:
        """Of a regression, standardised, float64 (rows,)."""
        return self.spec.standardised_targets(self.recorded("target")).astype(np.float64)

    @property
    def errors(self) -> Array:
        """Of a regression, absolute, in deviations of the target, float64 (rows,).

        In the numbers that were recorded, where nothing lies between these and the target.
        """
        answers = self.spec.standardised_answers(self.recorded("answer"))
        return np.abs(answers - self.spec.standardised_targets(self.recorded("target"))).astype(np.float64)

    @property
    def labels(self) -> Array:
        """Class numbers, (rows,)."""
        binary = self.spec.task == "binary"
        of = self.recorded("label") if binary else self.table[:, WITH_OUTPUTS.index("label")]
        return of.astype(np.int64)

    @property
    def outputs(self) -> Array:
        """Of more than two classes, float64 (rows, classes)."""
        return self.table[:, len(WITH_OUTPUTS) :].astype(np.float64)

    @property
    def counted(self) -> Counted:
        """The classes that are answered, as `accuracy` takes them."""
        if self.spec.task == "binary":
            return Counted(self.labels, self.answers_second().astype(np.int64), 2, self.weights)
        outputs = self.outputs
        return Counted(self.labels, outputs.argmax(axis=1), outputs.shape[1], self.weights)

    def answers_second(self, usual: float = USUAL) -> Array:
        """Of two classes, bool (rows,); by logits, which tell more than probabilities near 0 and 1."""
        threshold = usual if self.threshold is None else self.threshold
        with np.errstate(divide="ignore"):
            return self["logit"] > np.log(threshold) - np.log(1 - threshold)

    @cached_property
    def answered(self) -> bool:
        """Whether all outputs are numbers."""
        return not np.isnan(self.recorded("crossentropy")).any()


def logs_of(
    table: Array,
    spec: DataSpec,
    asked: Collection[str] = (),
    weights: Array | None = None,
    *,
    of_training: bool = False,
    threshold: float | None = None,
) -> dict[str, float]:
    """Loss and metrics by Keras's names, in the order of its logs; `auc` where there are rows of two classes.

    Args:
        table: of all rows, (rows, columns), as it is recorded for what is `asked`.
        asked: metrics beside those of every study; what is no metric of the task has no value.
        weights: how much each row counts, (rows,), some of them above 0; all alike without them.
        of_training: whether losses were recorded as they are minimised, each times its weight and with the penalty.
        threshold: the second of two classes is answered above this probability; None: as is usual for each metric.
    """
    rows = _Rows(table, spec, _floats(weights), threshold)
    logs = {"loss": (_Rows(table, spec) if of_training else rows).mean(rows["loss"])}
    also = (name for name in asked if (of := find_metric(name)) and spec.task in of.asked)
    for metric in (*metrics_of(spec.task), *also):
        if of_each := _of_each_row(metric):
            logs[metric] = rows.mean(of_each(rows))
        elif metric in _PARTS:
            logs[metric] = _PARTS[metric][0](rows) if rows.answered else float("nan")
        elif own := own_metric_in(metric):
            logs[metric] = _own(own, rows)
        elif (value := _OF_ALL_ROWS[metric](rows)) is not None:
            logs[metric] = value
    return dict(sorted(logs.items()))


def decision_on(table: Array, metric: str, spec: DataSpec, weights: Array | None = None) -> Decision | None:
    """The threshold for rows of two classes; None for other rows, and where these cannot fit one."""
    if spec.task != "binary":
        return None
    rows = _Rows(table, spec, _floats(weights))
    return decision_of(rows["logit"], rows.labels, metric, rows.weights)


def scores_of(
    table: Array,
    metric: str,
    spec: DataSpec,
    weights: Array | None = None,
    threshold: float | None = None,
) -> Array | None:
    """The score of each row, float64 (rows,), whose mean is `metric`; None where rows have none of it.

    `loss` (with its L2 penalty) and the metrics of `_OF_ALL_ROWS` belong to all rows together. Scores by `_PARTS` are
    the metric and what each row adds to it. With `weights`, scores are the metric and what each row adds to the
    weighted mean, a ratio of two means: their mean is the metric, and its spread that of the metric, to first order
    (the delta method; Cochran 1977, sec. 6.3).
    """
    of = find_metric(metric)
    if of is None or spec.task not in of.tasks + of.asked:
        return None
    rows = _Rows(table, spec, _floats(weights), threshold)
    if of_each := _of_each_row(metric):
        scores = of_each(rows)
    elif metric not in _PARTS:
        return None
    elif rows.answered:
        value, parts = _PARTS[metric]
        scores = value(rows) + parts(rows)
    else:
        scores = np.full(len(table), np.nan)
    if rows.weights is None:
        return scores
    value_of_all = rows.mean(scores)
    return value_of_all + rows.weights / rows.weights.mean() * (scores - value_of_all)


def _floats(weights: Array | None) -> Array | None:
    """Of a part of the rows in which none counts, all count alike."""
    return None if weights is None or not weights.any() else np.asarray(weights, dtype=np.float64)


def _right(rows: _Rows) -> Array:
    """1 for right and 0 for wrong, NaN where the network's output is none."""
    binary = rows.spec.task == "binary"
    right = rows.answers_second() == (rows["label"] > 0) if binary else rows["right"] > 0
    return np.where(np.isnan(rows["crossentropy"]), np.nan, right)


def _crossentropy(rows: _Rows) -> Array:
    """That of the row, from logits, without L2 penalty and label smoothing."""
    return rows["crossentropy"]


def _absolute_error(rows: _Rows) -> Array:
    """In the target's units."""
    return rows.errors * rows.spec.target_std


def _part_of_rmse(rows: _Rows) -> Array:
    """What each row adds to the root of the mean squared error, in the target's units.

    RMSE is no mean over rows, but the mean squared error m² is, and a little more or less of it moves its root by
    1 / (2 m). So a row of squared error s adds (s / m + m) / 2: these have the mean m, and the spread of their mean is
    that of m, to first order (the delta method; Efron & Tibshirani 1993, ch. 21).
    """
    with np.errstate(invalid="ignore", over="ignore"):
        squared = np.square(rows.errors)
        root = np.sqrt(rows.mean(squared))
        # Inf over inf would be no number, where the root is one that says what happened.
        finite = 0 < root < np.inf
        return rows.spec.target_std * ((squared / root + root) / 2 if finite else np.full_like(squared, root))


def _squared_miss(rows: _Rows) -> Array:
    """Of the probability of the second class (Brier 1950)."""
    with np.errstate(over="ignore"):
        return np.square(1 / (1 + np.exp(-rows["logit"])) - rows["label"])


def _cost(costs: Costs, rows: _Rows) -> Array:
    """0 where the answer is right, NaN where the network's output is none."""
    second, answered = rows["label"] > 0, rows.answers_second(costs.threshold)
    paid = np.where(second, costs.fn * ~answered, costs.fp * answered)
    return np.where(np.isnan(rows["crossentropy"]), np.nan, paid)


def _among_five(rows: _Rows) -> Array:
    """1 where fewer than five classes are above the row's, and 0 elsewhere; of ties the later class is above."""
    outputs, labels = rows.outputs, rows.labels[:, None]
    own = np.take_along_axis(outputs, labels, axis=1)
    later = np.arange(outputs.shape[1]) > labels
    above = ((outputs > own) | ((outputs == own) & later)).sum(axis=1)
    return np.where(np.isnan(rows["crossentropy"]), np.nan, above < 5)


def _relative_error(rows: _Rows) -> Array:
    """Of the target's size, which may be tiny, but is not taken for 0."""
    spec = rows.spec
    targets = rows.targets * spec.target_std + spec.target_mean
    return _absolute_error(rows) / np.maximum(np.abs(targets), np.finfo(np.float64).eps)


def _median_error(rows: _Rows) -> float:
    """In the target's units."""
    return median(_absolute_error(rows), rows.weights)


def _own(own: OwnMetric, rows: _Rows) -> float:
    """What a user's function makes of it; NaN where an output is no number.

    Raises:
        InputError: it cannot be imported.
        Exception: whatever it raises.
    """
    spec = rows.spec
    if spec.task == "regression":
        answers = spec.standardised_answers(rows.recorded("answer")).astype(np.float64)
        truth, answers = (of * spec.target_std + spec.target_mean for of in (rows.targets, answers))
    elif spec.task == "binary":
        truth, answers = rows.labels, np.exp(-np.logaddexp(0.0, -rows["logit"]))
    else:
        truth, outputs = rows.labels, rows.outputs
        answers = np.exp(outputs - np.logaddexp.reduce(outputs, axis=1, keepdims=True))
    return float(own.load()(truth, answers)) if np.isfinite(answers).all() else math.nan


def _auc(rows: _Rows) -> float | None:
    """None without rows of two classes; of more than two it is the mean of each class against the rest."""
    if rows.spec.task == "multiclass":
        outputs = rows.outputs
        with np.errstate(invalid="ignore"):
            # Their logarithms are in the same order, and do not all become 1 where a network is sure.
            shares = outputs - np.logaddexp.reduce(outputs, axis=1, keepdims=True)
        return mean_area_under_roc(shares, rows.labels, rows.weights)
    positive = rows["label"] > 0
    counting = positive if rows.weights is None else positive[rows.weights > 0]
    if not counting.any() or counting.all():
        return None
    return area_under_roc(rows.recorded("logit"), positive, rows.weights)


def _r2(rows: _Rows) -> float:
    """R², 0 where all targets are one value."""
    with np.errstate(invalid="ignore", over="ignore"):
        y = rows.targets
        errors, spread = np.square(rows.errors), np.square(y - rows.mean(y))
        if rows.weights is not None:
            errors, spread = rows.weights * errors, rows.weights * spread
        # The mean of equal numbers need not be that number, by rounding.
        varied = y.min() < y.max() and spread.sum() > 0
        return 1 - float(errors.sum()) / float(spread.sum()) if varied else 0.0


_OF_EACH_ROW: dict[str, Callable[[_Rows], Array]] = {
    "accuracy": _right,
    "crossentropy": _crossentropy,
    "mae": _absolute_error,
    "rmse": _part_of_rmse,
    "brier": _squared_miss,
    "top5_accuracy": _among_five,
    "mape": _relative_error,
}
"""Metrics that are means over rows, by the scores of the rows."""


def _of_each_row(metric: str) -> Callable[[_Rows], Array] | None:
    costs = costs_in(metric)
    return _OF_EACH_ROW.get(metric) if costs is None else partial(_cost, costs)


_Value = Callable[[_Rows], float]
_Parts = Callable[[_Rows], Array]


def _by_counts(value: Callable[[Counted], float], parts: Callable[[Counted], Array]) -> tuple[_Value, _Parts]:
    return lambda rows: value(rows.counted), lambda rows: parts(rows.counted)


_PARTS: dict[str, tuple[_Value, _Parts]] = {
    "f1": _by_counts(Counted.f1, Counted.parts_of_f1),
    "balanced_accuracy": _by_counts(Counted.balanced_accuracy, Counted.parts_of_balanced_accuracy),
    "average_precision": (
        lambda rows: average_precision(rows.recorded("logit"), rows["label"] > 0, rows.weights),
        lambda rows: parts_of_average_precision(rows.recorded("logit"), rows["label"] > 0, rows.weights),
    ),
    "precision": _by_counts(Counted.precision, Counted.parts_of_precision),
    "recall": _by_counts(Counted.recall, Counted.parts_of_recall),
    "mcc": _by_counts(Counted.mcc, Counted.parts_of_mcc),
}
"""Metrics of all rows of which it is known what each row adds: the value, and that of each row, of mean 0."""
_OF_ALL_ROWS: dict[str, Callable[[_Rows], float | None]] = {
    "auc": _auc,
    "r2": _r2,
    "median_error": _median_error,
}
