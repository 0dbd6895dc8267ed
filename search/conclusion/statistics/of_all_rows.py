"""95 % intervals of metrics that belong to all rows together, by what a little more of each row would change."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from search.conclusion.statistics.intervals import LEVEL, Interval

Array = NDArray[np.float64]


def interval_of_auc(scores: Array, positive: NDArray[np.bool_]) -> Interval | None:
    """Of the area under the ROC curve (DeLong, DeLong & Clarke-Pearson 1988), within 0 and 1.

    None where a class has fewer than two rows, or no pair is out of order: no spread is no certainty.

    Args:
        scores: float64 (rows,), higher for what is more likely positive.
        positive: bool (rows,).
    """
    above, below = np.sort(scores[positive]), np.sort(scores[~positive])
    if min(len(above), len(below)) < 2:
        return None
    in_order = _shares_below(above, below), 1 - _shares_below(below, above)
    variance = sum(float(shares.var(ddof=1)) / len(shares) for shares in in_order)
    return _within(float(in_order[0].mean()), variance, 0.0, 1.0)


def interval_of_r2(errors: Array, target: Array) -> Interval | None:
    """Of R², at most 1: it is a ratio of two means over rows, whose spread follows by the delta method.

    None where errors or targets do not vary.

    Args:
        errors: of each row, float64 (rows,).
        target: float64 (rows,).
    """
    if target.min() == target.max():
        return None
    squared, spread = np.square(errors), np.square(target - target.mean())
    unexplained = float(squared.mean() / spread.mean())
    moved = (squared - unexplained * spread) / spread.mean()
    return _within(1 - unexplained, float(moved.var(ddof=1)) / len(moved), -math.inf, 1.0)


def interval_of_median(values: Array) -> Interval | None:
    """Of the median of values of any distribution, (rows,): two of them, between which it is (David & Nagaraja 2003).

    It holds at least 95 %, of few rows somewhat more. None of fewer than six, whose least and largest hold less.
    """
    from scipy.stats import binom

    outside = int(binom.ppf((1 - LEVEL) / 2, len(values), 0.5))
    if not outside:
        return None
    ordered = np.sort(values)
    return float(ordered[outside - 1]), float(ordered[-outside])


def _shares_below(values: Array, others: Array) -> Array:
    """Of each value, the share of `others`, sorted, that are below it, with half of those that are equal."""
    below, up_to = (np.searchsorted(others, values, side) for side in ("left", "right"))
    return np.asarray((below + up_to) / (2 * len(others)), dtype=np.float64)


def _within(value: float, variance: float, least: float, most: float) -> Interval | None:
    from statistics import NormalDist

    if not (math.isfinite(variance) and variance > 0):
        return None
    half = NormalDist().inv_cdf((1 + LEVEL) / 2) * math.sqrt(variance)
    return max(least, value - half), min(most, value + half)
