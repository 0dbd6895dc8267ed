"""Test values with what chance makes of them, by the rows that they are counted on."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from search.conclusion.statistics.intervals import Interval, mean_of, wilson
from search.settings.metrics import metric_of


def interval_over_rows(metric: str, value: float, scores: np.ndarray | None) -> Interval | None:
    """95 % of a test value by the rows it is counted on: Wilson's for a share of them, Student's for a mean of errors.

    None where a metric is no mean over rows: how rows would move it is not known.
    """
    if scores is None:
        return None
    if metric_of(metric).is_share_of_rows:
        return wilson(value, len(scores))
    return mean_of(scores.tolist()).interval


def intervals_beside(metric: str, measured: Mapping[str, float], rows: int) -> dict[str, Interval]:
    """95 % of each share of `rows` that is told beside `metric`, by its name in `measured`, where it is a number."""
    return {
        name: wilson(measured[name], rows)
        for name in metric_of(metric).beside
        if metric_of(name).is_share_of_rows and math.isfinite(measured.get(name, math.nan))
    }
