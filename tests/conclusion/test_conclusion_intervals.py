"""Prediction intervals: the rank that they go by, and how many new rows they hold."""

from __future__ import annotations

import math

import numpy as np
import pytest

from search.conclusion.statistics.coverage import coverage_of
from search.errors import InputError
from search.models.intervals import LEVELS, Intervals, conformal_quantile, intervals_of


def test_the_rank_counts_the_row_that_is_to_come() -> None:
    errors = np.arange(1.0, 10.0)
    assert [conformal_quantile(errors, level) for level in (0.5, 0.7, 0.8, 0.9)] == [5, 7, 8, 9]
    assert conformal_quantile(errors, 0.91) == math.inf
    assert conformal_quantile(np.arange(1.0, 11.0), 0.9) == 10


def drawn(random: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Predictions, and targets whose spread grows with them."""
    predictions = random.uniform(1, 5, rows)
    return predictions, predictions + predictions * random.standard_t(4, rows)


@pytest.mark.parametrize("rows", [40, 120, 700])
def test_new_rows_are_within_as_often_as_the_level_says(rows: int) -> None:
    """Of 400 sets of validation rows, each asked about 400 new rows; the mean is known to half a point or so."""
    random, held = np.random.default_rng(rows), dict[float, list[float]]()
    for _ in range(400):
        found = intervals_of(*drawn(random, rows))
        new = drawn(random, 400)
        for level in found.halves:
            held.setdefault(level, []).append(float(found.covers(*new, level).mean()))
    assert set(held) >= {0.5, 0.8, 0.9}
    for level, shares in held.items():
        groups = max(rows // 150, 1)
        assert level - 0.01 < np.mean(shares) < level + 0.01 + groups / (rows + 1), level


def test_large_predictions_with_large_errors_have_intervals_of_their_own() -> None:
    random = np.random.default_rng(3)
    found = intervals_of(*drawn(random, 1500))
    assert len(found.edges) == 9
    predictions, targets = drawn(random, 40_000)
    for part in (predictions < 1.5, predictions > 4.5):
        assert found.covers(predictions[part], targets[part], 0.9).mean() == pytest.approx(0.9, abs=0.03)
    halves = found.halves[0.9]
    assert halves[-1] > 2 * halves[0]
    one_width = conformal_quantile(np.sort(np.abs(targets - predictions)), 0.9)
    assert (np.abs(targets - predictions)[predictions < 1.5] <= one_width).mean() > 0.97


def test_predictions_that_are_all_alike_are_one_group() -> None:
    found = intervals_of(np.ones(500), np.random.default_rng(0).normal(size=500))
    assert found.edges == ()
    assert all(len(halves) == 1 for halves in found.halves.values())


def test_a_level_that_rows_are_too_few_for_is_refused() -> None:
    found = intervals_of(*drawn(np.random.default_rng(0), 30))
    assert set(found.halves) == {level for level in LEVELS if level < 0.97}
    with pytest.raises(InputError, match=r"30 validation rows are too few for it; take one of these: 0\.5, "):
        found.half_widths(np.ones(2), 0.99)
    with pytest.raises(InputError, match="none of those that are kept"):
        found.half_widths(np.ones(2), 0.85)


def test_intervals_are_read_as_they_were_written() -> None:
    found = intervals_of(*drawn(np.random.default_rng(0), 400))
    assert Intervals.model_validate_json(found.model_dump_json()) == found


def test_a_coverage_has_an_interval_and_a_mean_width() -> None:
    found = coverage_of(np.array([True, True, True, False]), np.array([1.0, 1.0, 2.0, 2.0]), 0.8)
    assert (found.level, found.share, found.width) == (0.8, 0.75, 3.0)
    assert found.interval[0] < 0.75 < found.interval[1]
