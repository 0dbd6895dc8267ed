"""How often the interval of a mean of errors holds the true mean, beside two others: the table of the documentation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from search.conclusion.statistics.intervals import Interval, mean_of
from search.conclusion.statistics.over_rows import interval_of_errors

ROOT = Path(__file__).parents[2]
ROWS = (20, 50, 100, 200)
STUDIES = 1000

Array = np.ndarray
Losses = Callable[[np.random.Generator, int], Array]


def _of_logits(random: np.random.Generator, rows: int, *, times: float) -> Array:
    """Cross-entropies of two classes: the truth by logits of deviation 2, the answer `times` as far from 0."""
    logits = random.normal(scale=2.0, size=rows)
    is_second = random.random(rows) < 1 / (1 + np.exp(-logits))
    return np.logaddexp(0.0, np.where(is_second, -times, times) * logits)


def _with_large_ones(random: np.random.Generator, rows: int, *, share: float) -> Array:
    """Small ones of a sure network, and for a `share` of the rows, which it has wrong, large ones."""
    large = 1 + random.exponential(1.5, size=rows)
    return np.where(random.random(rows) < share, large, random.exponential(0.05, size=rows))


LOSSES: dict[str, Losses] = {
    "cross-entropies, probabilities as they are": lambda random, rows: _of_logits(random, rows, times=1),
    "cross-entropies, three times too sure": lambda random, rows: _of_logits(random, rows, times=3),
    "small, and one in five large": lambda random, rows: _with_large_ones(random, rows, share=0.2),
    "small, and one in twenty large": lambda random, rows: _with_large_ones(random, rows, share=0.05),
    "absolute errors, normal": lambda random, rows: np.abs(random.normal(size=rows)),
    "absolute errors, Laplace's": lambda random, rows: np.abs(random.laplace(size=rows)),
}


def students(errors: Array) -> Interval | None:
    return mean_of(errors.tolist()).interval


def by_the_logarithm(errors: Array) -> Interval | None:
    """Student's of the mean's logarithm, whose deviation is that of the mean by the mean (the delta method)."""
    found = mean_of(errors.tolist())
    if found.half is None:
        return None
    return found.mean * math.exp(-found.half / found.mean), found.mean * math.exp(found.half / found.mean)


@dataclass(frozen=True)
class Held:
    """Of 100 samples: intervals that hold the true mean, by each of three ways; Student's that begin below 0."""

    halls: float
    logarithms: float
    students: float
    below: float


@cache
def true_mean(losses: str) -> float:
    return float(LOSSES[losses](np.random.default_rng(0), 2_000_000).mean())


@cache
def held(losses: str, rows: int) -> Held:
    random, true = np.random.default_rng(rows), true_mean(losses)
    samples = [LOSSES[losses](random, rows) for _ in range(STUDIES)]

    halls, logarithms, theirs = (
        [interval_of(errors) or (0.0, 0.0) for errors in samples]
        for interval_of in (interval_of_errors, by_the_logarithm, students)
    )

    def share(found: list[Interval]) -> float:
        return 100 * sum(low <= true <= high for low, high in found) / STUDIES

    below = 100 * sum(low < 0 for low, _ in theirs) / STUDIES
    return Held(share(halls), share(logarithms), share(theirs), below)


def table() -> list[str]:
    """As Markdown: by rows, of 100 samples, Hall's intervals that hold the true mean, the logarithm's, Student's."""
    head = "| errors | " + " | ".join(f"{rows} rows" if rows == 20 else str(rows) for rows in ROWS) + " |"
    lines = [head, "|---" * (len(ROWS) + 1) + "|"]
    for losses in LOSSES:
        found = (held(losses, rows) for rows in ROWS)
        cells = (f"**{one.halls:.0f}** {one.logarithms:.0f} {one.students:.0f}" for one in found)
        lines.append(f"| {losses} | " + " | ".join(cells) + " |")
    return lines


def test_the_documentation_has_the_table_that_is_simulated_here() -> None:
    lines = table()
    page = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    assert "\n".join(lines) in page, "the table is:\n" + "\n".join(lines)


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("losses", LOSSES)
def test_it_holds_the_true_mean_no_less_often_than_the_others(losses: str, rows: int) -> None:
    found = held(losses, rows)
    assert found.halls >= max(found.students, found.logarithms) - 1  # of the same samples, so chance is small
    assert found.halls < 97.5  # nor is it wider than it has to be


def test_students_interval_of_few_rows_begins_below_0_where_this_one_does_not() -> None:
    losses = "small, and one in twenty large"
    assert held(losses, 20).below > 50
    random = np.random.default_rng(1)
    for _ in range(200):
        errors = LOSSES[losses](random, 20)
        low, high = interval_of_errors(errors) or (-1.0, -1.0)
        assert 0 <= low <= errors.mean() <= high


def test_errors_without_skewness_have_students_interval() -> None:
    errors = np.array([1.0, 2.0, 3.0, 4.0])
    assert interval_of_errors(errors) == pytest.approx(students(errors))
    # And hardly any skewness hardly moves it: there is no step where it begins.
    little = np.array([1.0, 2.0, 3.0, 4.0001])
    assert interval_of_errors(little) == pytest.approx(students(little), abs=1e-3)


def test_rows_that_are_alike_or_alone_have_none() -> None:
    assert interval_of_errors(np.array([0.5])) is None
    assert interval_of_errors(np.array([0.5, 0.5, 0.5])) is None


def test_one_large_error_among_many_has_a_finite_interval() -> None:
    low, high = interval_of_errors(np.array([*[1e-9] * 199, 12.0])) or (0.0, 0.0)
    assert 0 <= low < 0.06 < high < 12.0
