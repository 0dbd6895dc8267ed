"""The formula of each metric, of recorded rows; a further metric is a row of one of the tables here.

Which table says what is known of it: scores of rows whose mean it is, what each row adds to it, or only its value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from search.settings.costs import Costs, costs_in
from search.settings.own_metrics import OwnMetric
from search.settings.quantiles import quantile_in
from search.training.confusion import Counted
from search.training.ranking import (
    area_under_roc,
    average_precision,
    mean_area_under_roc,
    median,
    parts_of_average_precision,
)
from search.training.recorded_rows import Array, RecordedRows


def _right(rows: RecordedRows) -> Array:
    """1 for right and 0 for wrong, NaN where the network's output is none."""
    binary = rows.spec.task == "binary"
    right = rows.answers_second() == (rows["label"] > 0) if binary else rows["right"] > 0
    return np.where(np.isnan(rows["crossentropy"]), np.nan, right)


def _crossentropy(rows: RecordedRows) -> Array:
    """That of the row, from logits, without L2 penalty and label smoothing."""
    return rows["crossentropy"]


def _absolute_error(rows: RecordedRows) -> Array:
    """In the target's units."""
    return rows.errors * rows.spec.target_std


def _part_of_rmse(rows: RecordedRows) -> Array:
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


def _squared_miss(rows: RecordedRows) -> Array:
    """Of the probability of the second class (Brier 1950)."""
    with np.errstate(over="ignore"):
        return np.square(1 / (1 + np.exp(-rows["logit"])) - rows["label"])


def _cost(costs: Costs, rows: RecordedRows) -> Array:
    """0 where the answer is right, NaN where the network's output is none."""
    second, answered = rows["label"] > 0, rows.answers_second(costs.threshold)
    paid = np.where(second, costs.fn * ~answered, costs.fp * answered)
    return np.where(np.isnan(rows["crossentropy"]), np.nan, paid)


def _pinball(level: float, rows: RecordedRows) -> Array:
    """In the target's units: an answer below costs `level` of the miss, one above the rest (Koenker & Bassett 1978)."""
    missed = rows.residuals * rows.spec.target_std
    return np.maximum(level * missed, (level - 1) * missed)


def _among_five(rows: RecordedRows) -> Array:
    """1 where fewer than five classes are above the row's, and 0 elsewhere; of ties the later class is above."""
    outputs, labels = rows.outputs, rows.labels[:, None]
    own = np.take_along_axis(outputs, labels, axis=1)
    later = np.arange(outputs.shape[1]) > labels
    above = ((outputs > own) | ((outputs == own) & later)).sum(axis=1)
    return np.where(np.isnan(rows["crossentropy"]), np.nan, above < 5)


def _relative_error(rows: RecordedRows) -> Array:
    """Of the target's size, which may be tiny, but is not taken for 0."""
    return _absolute_error(rows) / np.maximum(np.abs(rows.targets_in_units), np.finfo(np.float64).eps)


def _median_error(rows: RecordedRows) -> float:
    """In the target's units."""
    return median(_absolute_error(rows), rows.weights)


def _auc(rows: RecordedRows) -> float | None:
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


def _r2(rows: RecordedRows) -> float:
    """R², 0 where all targets are one value."""
    with np.errstate(invalid="ignore", over="ignore"):
        y = rows.targets
        errors, spread = np.square(rows.errors), np.square(y - rows.mean(y))
        if rows.weights is not None:
            errors, spread = rows.weights * errors, rows.weights * spread
        # The mean of equal numbers need not be that number, by rounding.
        varied = y.min() < y.max() and spread.sum() > 0
        return 1 - float(errors.sum()) / float(spread.sum()) if varied else 0.0


def own_value(own: OwnMetric, rows: RecordedRows) -> float:
    """What a user's function makes of it; NaN where an output is no number.

    Raises:
        InputError: it cannot be imported.
        Exception: whatever it raises.
    """
    spec = rows.spec
    if spec.targets:
        truth, answers = _of_several(rows)
    elif spec.task == "regression":
        answers = spec.standardised_answers(rows.recorded("answer")).astype(np.float64)
        truth, answers = rows.targets_in_units, spec.in_units(answers)
    elif spec.task == "binary":
        truth, answers = rows.labels, np.exp(-np.logaddexp(0.0, -rows["logit"]))
    else:
        truth, outputs = rows.labels, rows.outputs
        answers = np.exp(outputs - np.logaddexp.reduce(outputs, axis=1, keepdims=True))
    return float(own.load()(truth, answers)) if np.isfinite(answers).all() else math.nan


def _of_several(rows: RecordedRows) -> tuple[Array, Array]:
    """What a user's function is given: labels and probabilities, or quantities in their units, (rows, targets)."""
    each = rows.of_each_target()
    if rows.spec.of_quantities:
        truth = [one.targets_in_units for one in each]
        answers = [one.spec.in_units(one["answer"]) for one in each]
    else:
        truth = [one.labels for one in each]
        answers = [np.exp(-np.logaddexp(0.0, -one["logit"])) for one in each]
    return np.stack(truth, axis=1), np.stack(answers, axis=1)


OF_EACH_ROW: dict[str, Callable[[RecordedRows], Array]] = {
    "accuracy": _right,
    "crossentropy": _crossentropy,
    "mae": _absolute_error,
    "rmse": _part_of_rmse,
    "brier": _squared_miss,
    "top5_accuracy": _among_five,
    "mape": _relative_error,
}
"""Metrics that are means over rows, by the scores of the rows."""


def of_each_row(metric: str) -> Callable[[RecordedRows], Array] | None:
    """The scores of rows whose mean is `metric`, also of costs or a quantile; None where it is no mean over rows."""
    if costs := costs_in(metric):
        return partial(_cost, costs)
    if level := quantile_in(metric):
        return partial(_pinball, level)
    return OF_EACH_ROW.get(metric)


_Value = Callable[[RecordedRows], float]
_Parts = Callable[[RecordedRows], Array]


def _by_counts(value: Callable[[Counted], float], parts: Callable[[Counted], Array]) -> tuple[_Value, _Parts]:
    return lambda rows: value(rows.counted), lambda rows: parts(rows.counted)


BY_PARTS: dict[str, tuple[_Value, _Parts]] = {
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
OF_ALL_ROWS: dict[str, Callable[[RecordedRows], float | None]] = {
    "auc": _auc,
    "r2": _r2,
    "median_error": _median_error,
}
