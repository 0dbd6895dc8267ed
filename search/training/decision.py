"""From which probability on the second of two classes is answered: found on validation rows, for one metric.

At 0.5 a network hardly names a rare class, however well it puts rows in order: what is best by F1 or balanced accuracy
is another threshold. The best one on given rows is found exactly: sorted by probability, every threshold is a cut
between two neighbours, so all of them are counted in one pass (as Fawcett 2006 does for a ROC curve, algorithm 1).
Knows no TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from search.settings.costs import costs_in
from search.settings.metrics import direction_of, find_metric, is_better, sign_of
from search.training.confusion import ratio

Array = np.ndarray[Any, Any]

USUAL = 0.5
"""The second class is answered above it, where nobody found or said another threshold, and no costs do."""


_PARTS = 5


def usual_for(metric: str) -> float:
    """What the second class is answered above in a search by `metric`: 0.5, or what its costs say."""
    costs = costs_in(metric)
    return USUAL if costs is None else costs.threshold


class Decision(BaseModel):
    """The `threshold` that is best by `metric` on `rows` validation rows, and whether it is `kept`.

    `before` is the metric there at what is usual for it, and `value` at the threshold, which these rows flatter, since
    they fitted it. `elsewhere` is that of five parts of the rows together, each at the threshold that fits the other
    four; None where those have rows of one class alone. Where that is better than `before`, the threshold is kept.
    """

    model_config = ConfigDict(frozen=True)

    threshold: float
    metric: str
    rows: int
    before: float
    value: float
    elsewhere: float | None
    kept: bool

    @property
    def used(self) -> float:
        """What the model answers by."""
        return self.threshold if self.kept else self.usual

    @property
    def usual(self) -> float:
        """What it was compared with."""
        return usual_for(self.metric)


def decision_of(logits: Array, labels: Array, metric: str, weights: Array | None = None) -> Decision | None:
    """By the logits of the second class, (rows,), and the class numbers 0 and 1, (rows,).

    `weights` say how much each row counts, float64 (rows,). None where rows that count are of one class alone, or a
    logit is no number.
    """
    counts = np.ones(len(labels)) if weights is None else weights
    if not np.isfinite(logits).all() or len(np.unique(labels[counts > 0])) < 2:
        return None
    probabilities = probabilities_of(logits)
    threshold = best_threshold(probabilities, labels, metric, counts)
    before, value = (
        _value(probabilities > at, labels, metric, counts) for at in (usual_for(metric), threshold)
    )
    elsewhere = _elsewhere(probabilities, labels, metric, counts)
    return Decision(
        threshold=threshold,
        metric=metric,
        rows=len(labels),
        before=before,
        value=value,
        elsewhere=elsewhere,
        kept=elsewhere is not None and is_better(elsewhere, before, direction_of(metric)),
    )


def probabilities_of(logits: Array) -> Array:
    """As an exported model answers them: rounded to float32, so that a threshold parts what can be told apart there."""
    with np.errstate(over="ignore"):
        found = 1 / (1 + np.exp(-np.asarray(logits, dtype=np.float64)))
    return found.astype(np.float32).astype(np.float64)


def best_threshold(probabilities: Array, labels: Array, metric: str, weights: Array | None = None) -> float:
    """The one above which the answers have the best `metric` of all; of equals the one that is nearest to the usual.

    In the middle between two neighbours, so that rounding moves no row across it. O(rows log rows).

    Args:
        probabilities: of the second class, float64 (rows,).
        labels: class numbers 0 and 1, (rows,).
        weights: how much each row counts, (rows,).
    """
    counts = np.ones(len(labels)) if weights is None else weights
    order = np.argsort(-probabilities, kind="stable")
    falling = probabilities[order]
    found, wrong = (
        np.concatenate([[0.0], np.cumsum(np.where(labels[order] == of, counts[order], 0.0))]) for of in (1, 0)
    )
    # A threshold answers so many rows with the second class where it is at least `low` and below `high`.
    high, low = np.concatenate([[np.inf], falling]), np.concatenate([falling, [0.0]])
    worth = sign_of(direction_of(metric)) * of_counts(metric, found, wrong, found[-1], wrong[-1])
    values, usual = np.where(low < high, worth, -np.inf), usual_for(metric)
    middles = (low + np.minimum(high, 1.0)) / 2
    thresholds = np.where((low <= usual) & (high > usual), usual, middles)
    best = np.flatnonzero(values >= values.max() - 1e-12)
    return float(thresholds[best[np.argmin(np.abs(thresholds[best] - usual))]])


def of_counts(metric: str, found: Array, wrong: Array, second: float, first: float) -> Array:
    """`metric` of answers that name the second class in `found` rows of it, and in `wrong` rows of the first.

    There are `second` rows of the one and `first` of the other.

    Values are those of `measures`.
    """
    if costs := costs_in(metric):
        return np.asarray((costs.fn * (second - found) + costs.fp * wrong) / (first + second))
    return _OF_COUNTS[metric](found, wrong, first, second)


def _accuracy(found: Array, wrong: Array, first: float, second: float) -> Array:
    return np.asarray((found + first - wrong) / (first + second))


def _f1(found: Array, wrong: Array, first: float, second: float) -> Array:
    return ratio(2 * found, found + wrong + second)


def _balanced_accuracy(found: Array, wrong: Array, first: float, second: float) -> Array:
    return (ratio(found, np.full_like(found, second)) + ratio(first - wrong, np.full_like(wrong, first))) / 2


def _mcc(found: Array, wrong: Array, first: float, second: float) -> Array:
    answered = found + wrong
    rows = first + second
    size = np.sqrt(answered * (rows - answered)) * np.sqrt(first * second)
    return ratio(found * first - wrong * second, size)


_OF_COUNTS: dict[str, Callable[[Array, Array, float, float], Array]] = {
    "accuracy": _accuracy,
    "f1": _f1,
    "balanced_accuracy": _balanced_accuracy,
    "mcc": _mcc,
}
"""Metrics that a threshold can be fitted for; others need none, or are best where one class is always named."""

FITTED_FOR = tuple(_OF_COUNTS)


def is_decided(metric: str, task: str) -> bool:
    """Whether models of a study that is compared by `metric` are given a threshold of their own."""
    of = find_metric(metric)
    return task == "binary" and of is not None and of.decided


def _value(answers: Array, labels: Array, metric: str, counts: Array) -> float:
    of_second, of_first = (np.where(labels == of, counts, 0.0) for of in (1, 0))
    found, wrong = np.asarray(of_second[answers].sum()), np.asarray(of_first[answers].sum())
    return float(of_counts(metric, found, wrong, float(of_second.sum()), float(of_first.sum())))


def _elsewhere(probabilities: Array, labels: Array, metric: str, counts: Array) -> float | None:
    part = np.random.default_rng(0).permutation(len(labels)) % _PARTS
    answers = np.zeros(len(labels), dtype=bool)
    for judged in (part == number for number in range(_PARTS)):
        fitting = ~judged
        if len(np.unique(labels[fitting & (counts > 0)])) < 2:
            return None
        threshold = best_threshold(probabilities[fitting], labels[fitting], metric, counts[fitting])
        answers[judged] = probabilities[judged] > threshold
    return _value(answers, labels, metric, counts)
