"""Metrics by the order that scores put rows in: areas under curves, counted exactly, ties as half or together."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


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


def mean_area_under_roc(shares: Array, labels: Array) -> float | None:
    """Of each class against the rest, the mean over the classes that there are; None where there is one alone.

    Args:
        shares: probabilities or what has their order, (rows, classes).
        labels: class numbers, (rows,).
    """
    there = np.unique(labels)
    if len(there) < 2:
        return None
    return float(np.mean([area_under_roc(shares[:, one], labels == one) for one in there]))


def average_precision(scores: Array, positive: Array) -> float:
    """The mean over positive rows of the precision among all rows that are scored as high; 0 where none is positive.

    The area under the steps of the precision-recall curve. NaN where a score is none. `scores`, `positive`: (rows,).
    """
    if np.isnan(scores).any():
        return float("nan")
    if not positive.any():
        return 0.0
    above, all_rows = _as_high(scores, positive)
    return float(np.mean(above / all_rows))


def parts_of_average_precision(scores: Array, positive: Array) -> Array:
    """What each row adds to it, (rows,), of mean 0: its influence (the delta method), as other rows would move it."""
    if not positive.any():
        return np.zeros(len(scores))
    above, all_rows = _as_high(scores, positive)
    # A row counts in the precision at each positive row that is not scored higher.
    below = np.searchsorted(np.sort(scores[positive]), scores, "right")
    hits, rows = (np.concatenate([[0.0], np.cumsum(of)]) for of in (1 / all_rows, above / all_rows**2))
    parts = positive * hits[below] - rows[below]
    own = np.zeros(len(scores))
    own[np.flatnonzero(positive)[np.argsort(scores[positive], kind="stable")]] = above / all_rows
    parts += positive * (own - np.mean(above / all_rows))
    return np.asarray(parts / positive.mean())


def _as_high(scores: Array, positive: Array) -> tuple[Array, Array]:
    """Of each positive row, from the lowest to the highest: how many positive rows, and rows, are scored as high."""
    of_positive = np.sort(scores[positive])
    return tuple(  # type: ignore[return-value]
        len(of) - np.searchsorted(of, of_positive, "left") for of in (of_positive, np.sort(scores))
    )
