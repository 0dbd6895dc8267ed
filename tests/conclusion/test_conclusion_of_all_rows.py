"""Intervals of AUC and R², against a bootstrap of the rows, and of a median."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from search.conclusion.statistics.of_all_rows import interval_of_auc, interval_of_median, interval_of_r2
from search.training.ranking import area_under_roc


def bootstrapped(measure: Callable[[np.ndarray], float], rows: int) -> float:
    """The standard deviation of a measure over resampled rows."""
    random = np.random.default_rng(1)
    return float(np.std([measure(random.integers(rows, size=rows)) for _ in range(2000)]))


def test_the_interval_of_auc_is_as_wide_as_a_bootstrap_says() -> None:
    random = np.random.default_rng(0)
    positive = random.random(400) < 0.3
    scores = np.round(random.normal(size=400) + positive, 1)
    interval = interval_of_auc(scores, positive)
    assert interval is not None
    assert np.mean(interval) == pytest.approx(area_under_roc(scores, positive))
    deviation = bootstrapped(lambda rows: area_under_roc(scores[rows], positive[rows]), 400)
    assert (interval[1] - interval[0]) / 2 / 1.96 == pytest.approx(deviation, rel=0.1)


def test_the_interval_of_r2_is_as_wide_as_a_bootstrap_says() -> None:
    random = np.random.default_rng(0)
    target = random.normal(size=400)
    errors = 0.5 * random.standard_t(5, size=400)

    def r2(rows: np.ndarray) -> float:
        spread = np.square(target[rows] - target[rows].mean()).sum()
        return 1 - float(np.square(errors[rows]).sum() / spread)

    interval = interval_of_r2(errors, target)
    assert interval is not None
    assert np.mean(interval) == pytest.approx(r2(np.arange(400)))
    assert (interval[1] - interval[0]) / 2 / 1.96 == pytest.approx(bootstrapped(r2, 400), rel=0.1)


@pytest.mark.parametrize(("rows", "share"), [(6, 0.97), (20, 0.96), (100, 0.965), (1000, 0.955)])
def test_the_interval_of_a_median_holds_the_true_one_a_little_more_often_than_it_has_to(
    rows: int, share: float
) -> None:
    random, found = np.random.default_rng(0), 0
    for _ in range(2000):
        low, high = interval_of_median(np.abs(random.normal(size=rows))) or (1.0, 0.0)
        found += low <= 0.6744898 <= high
    assert found / 2000 == pytest.approx(share, abs=0.015)
    assert interval_of_median(np.arange(5.0)) is None


def test_without_a_spread_there_is_no_interval() -> None:
    assert interval_of_auc(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True])) is None
    assert interval_of_auc(np.array([0.1, 0.9]), np.array([False, True])) is None
    assert interval_of_r2(np.ones(3), np.ones(3)) is None
