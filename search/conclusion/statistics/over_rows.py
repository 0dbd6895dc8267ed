"""Test values with what chance makes of them, by the rows that they are counted on."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from search.conclusion.statistics.intervals import LEVEL, Interval, mean_of, wilson
from search.data.columns.weights import effective_rows
from search.settings.metrics import metric_of


def interval_over_rows(
    metric: str, value: float, scores: np.ndarray | None, weights: np.ndarray | None = None
) -> Interval | None:
    """95 % of a test value by the rows it is counted on: Wilson's for a share of them, Hall's for a mean of errors.

    Of a value between bounds that is no mean over rows, by what each row adds to it. None where that is not known.
    Of rows that count as `weights` say, `scores` are what each adds to the weighted mean (`training/measures.py`), and
    a share is as one of fewer rows that count alike.
    """
    if scores is None:
        return None
    of = metric_of(metric)
    if of.is_share_of_rows:
        return wilson(value, len(scores) if weights is None else _alike(value, scores, weights))
    if of.within is not None:
        return interval_between(scores, *of.within)
    return interval_of_errors(scores)


def _alike(share: float, scores: np.ndarray, weights: np.ndarray) -> float:
    """Of how many rows that count alike a share has this spread: as its scores tell, and never more than weights do.

    Wilson's interval of such a number of rows is what Franco et al. (2019) recommend for weighted shares.
    """
    spread = float(np.var(scores)) / len(scores)
    of_weights = effective_rows(weights)
    return min(of_weights, share * (1 - share) / spread) if spread > 0 else of_weights


def interval_of_errors(errors: np.ndarray) -> Interval | None:
    """95 % of the mean of errors, none below 0, (rows,), of which a few may be large (Hall 1992). It is never below 0.

    A sample without its share of large errors has a mean that is too small and a spread that is too small too, so
    Student's interval ends too soon above and begins too soon below. Hall's cubic transform of Student's t takes the
    skewness out of it; it is monotone, so ends are found by its inverse. Without skewness it is Student's interval.
    None where the mean has none: one row, or rows that are all alike.

    Raises:
        ValueError: no errors, or one that is not finite.
    """
    found = mean_of(errors.tolist())
    if found.interval is None or found.deviation is None:
        return None
    from scipy.special import stdtrit  # half a second, which commands that only look need not wait for

    rows = len(errors)
    skewness = float(np.mean(((errors - found.mean) / found.deviation) ** 3))
    quantile = float(stdtrit(rows - 1, (1 + LEVEL) / 2)) / math.sqrt(rows)
    low, high = (
        found.mean - found.deviation * _without_skewness(end, skewness, rows) for end in (quantile, -quantile)
    )
    return max(0.0, low), high


def _without_skewness(end: float, skewness: float, rows: int) -> float:
    """The t / sqrt(rows) that Hall's transform takes to `end`."""
    if abs(skewness) < 1e-6:  # the limit, which rounding would not show
        return end
    moved = end - skewness / (6 * rows)
    return 3 / skewness * (float(np.cbrt(1 + skewness * moved)) - 1)


def interval_between(scores: np.ndarray, least: float, most: float) -> Interval | None:
    """95 % of a value between `least` and `most`, given what each row adds to it: Student's of its logit.

    The logit of a value near a bound is more nearly normal than the value, and no end is beyond the bound (of a
    correlation it is Fisher's z, 1915, twice). None where there is no interval of the mean, or the value is a bound.

    Raises:
        ValueError: no scores, or one that is not finite.
    """
    found = mean_of(scores.tolist())
    place = (found.mean - least) / (most - least)
    if found.half is None or not 0 < place < 1:
        return None
    half = found.half / (most - least) / (place * (1 - place))
    middle = math.log(place / (1 - place))
    low, high = (least + (most - least) / (1 + math.exp(-(middle + way * half))) for way in (-1, 1))
    return low, high


def intervals_beside(metric: str, measured: Mapping[str, float], rows: int | None) -> dict[str, Interval]:
    """95 % of each share of `rows` that is told beside `metric`, by its name in `measured`, where it is a number.

    None where rows do not count alike: it takes the score of each.
    """
    if rows is None:
        return {}
    return {
        name: wilson(measured[name], rows)
        for name in metric_of(metric).beside
        if metric_of(name).is_share_of_rows and math.isfinite(measured.get(name, math.nan))
    }
