"""Metrics by the order that scores put rows in: areas under curves, counted exactly, ties as half or together.

A row of `weights`, (rows,), counts as so many rows; without them each counts as one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def area_under_roc(scores: Array, positive: Array, weights: Array | None = None) -> float:
    """The share of pairs of a positive and a negative row that `scores` put in order, ties as half (Fawcett 2006).

    Mann & Whitney's statistic (1947), counted in whole numbers. NaN where a score is none. The weight of a pair is the
    product of its rows' weights.

    Args:
        scores: (rows,).
        positive: bool (rows,), some of them true and some false.
    """
    if np.isnan(scores).any():
        return float("nan")
    if weights is not None:
        return _weighed_area(scores, positive, weights.astype(np.float64))
    above, below = np.sort(scores[positive]), np.sort(scores[~positive])
    # Of each positive row: the negative ones below it, and those below it or tied with it.
    twice_in_order = sum(int(np.searchsorted(below, above, side).sum()) for side in ("left", "right"))
    return twice_in_order / (2 * len(above) * len(below))


def _weighed_area(scores: Array, positive: Array, weights: Array) -> float:
    below, of_below = _sorted(scores[~positive], weights[~positive])
    of_positive, summed = weights[positive], np.concatenate([[0.0], np.cumsum(of_below)])
    twice_in_order = sum(
        of_positive @ summed[np.searchsorted(below, scores[positive], side)] for side in ("left", "right")
    )
    return float(twice_in_order / (2 * of_positive.sum() * summed[-1]))


def mean_area_under_roc(shares: Array, labels: Array, weights: Array | None = None) -> float | None:
    """Of each class against the rest, the mean over the classes that there are; None where there is one alone.

    Args:
        shares: probabilities or what has their order, (rows, classes).
        labels: class numbers, (rows,).
    """
    there = np.unique(labels if weights is None else labels[weights > 0])
    if len(there) < 2:
        return None
    return float(np.mean([area_under_roc(shares[:, one], labels == one, weights) for one in there]))


def average_precision(scores: Array, positive: Array, weights: Array | None = None) -> float:
    """The mean over positive rows of the precision among all rows that are scored as high; 0 where none is positive.

    The area under the steps of the precision-recall curve. NaN where a score is none. `scores`, `positive`: (rows,).
    """
    if np.isnan(scores).any():
        return float("nan")
    if not _some(positive, weights):
        return 0.0
    above, all_rows, of_each = _as_high(scores, positive, weights)
    return float(np.average(above / all_rows, weights=of_each))


def parts_of_average_precision(scores: Array, positive: Array, weights: Array | None = None) -> Array:
    """What each row adds to it, (rows,), of mean 0: its influence (the delta method), as other rows would move it."""
    if not _some(positive, weights):
        return np.zeros(len(scores))
    above, all_rows, of_each = _as_high(scores, positive, weights)
    each = 1 if of_each is None else of_each
    # A row counts in the precision at each positive row that is not scored higher.
    below = np.searchsorted(np.sort(scores[positive]), scores, "right")
    hits, rows = (np.concatenate([[0.0], np.cumsum(each * of)]) for of in (1 / all_rows, above / all_rows**2))
    parts = positive * hits[below] - rows[below]
    own = np.zeros(len(scores))
    own[np.flatnonzero(positive)[np.argsort(scores[positive], kind="stable")]] = above / all_rows
    parts += positive * (own - np.average(above / all_rows, weights=of_each))
    return np.asarray(parts / np.average(positive, weights=weights))


def median(values: Array, weights: Array | None = None) -> float:
    """The value that half of the rows are below, between two of them the middle; `values` is (rows,)."""
    if weights is None:
        return float(np.median(values))
    there = weights > 0
    ordered, of_each = _sorted(values[there], weights[there].astype(np.float64))
    summed = np.cumsum(of_each)
    half = summed[-1] / 2
    first, last = (
        min(int(np.searchsorted(summed, half, side)), len(summed) - 1) for side in ("left", "right")
    )
    return float((ordered[first] + ordered[last]) / 2)


def _some(positive: Array, weights: Array | None) -> bool:
    return bool(positive.any() if weights is None else weights[positive].any())


def _sorted(values: Array, weights: Array) -> tuple[Array, Array]:
    order = np.argsort(values, kind="stable")
    return values[order], weights[order]


def _as_high(scores: Array, positive: Array, weights: Array | None) -> tuple[Array, Array, Array | None]:
    """Of each positive row, from the lowest to the highest: how many positive rows, and rows, are scored as high.

    And its weight, of rows that count something.
    """
    if weights is None:
        of_positive = np.sort(scores[positive])
        above, all_rows = (
            len(of) - np.searchsorted(of, of_positive, "left") for of in (of_positive, np.sort(scores))
        )
        return above, all_rows, None
    weights = weights.astype(np.float64)
    of_positive, of_each = _sorted(scores[positive], weights[positive])
    both = []
    for values, of in ((of_positive, of_each), _sorted(scores, weights)):
        from_here = np.concatenate([np.cumsum(of[::-1])[::-1], [0.0]])
        both.append(from_here[np.searchsorted(values, of_positive, "left")])
    above, all_rows = both
    # A row at the top that counts nothing has nothing above it.
    return above, np.where(all_rows > 0, all_rows, 1.0), of_each
