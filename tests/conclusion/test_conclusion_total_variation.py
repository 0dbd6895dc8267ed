"""How far shares of categories lie apart, and how seldom chance alone looks like a change of them."""

from __future__ import annotations

import numpy as np
import pytest

from search.conclusion.statistics.total_variation import by_chance, total_variation, with_rare_as_one


def test_the_distance_is_the_share_of_rows_that_are_in_other_categories() -> None:
    assert total_variation(np.array([80, 20]), np.array([20, 80])) == pytest.approx(0.6)
    assert total_variation(np.array([3, 1]), np.array([300, 100])) == 0


def test_rare_categories_become_one_and_lose_no_row() -> None:
    one, other = with_rare_as_one(np.array([900, 2, 1, 97]), np.array([90, 0, 1, 9]))
    assert (one.tolist(), other.tolist()) == ([900, 97, 3], [90, 9, 1])
    # What is rare in training alone is not: all new rows have it.
    assert len(with_rare_as_one(np.array([900, 2, 1, 97]), np.array([0, 100, 0, 0]))[0]) == 3


@pytest.mark.parametrize(
    "shares",
    [[0.5, 0.5], [0.02, 0.98], [0.2] * 5, [0.02] * 50, [1 / rank for rank in range(1, 301)]],
    ids=["even", "rare", "five", "fifty", "three hundred"],
)
@pytest.mark.parametrize(("trained", "new"), [(3000, 30), (3000, 300), (3000, 3000), (200, 200), (100, 9000)])
def test_samples_of_one_source_are_hardly_ever_apart(shares: list[float], trained: int, new: int) -> None:
    random = np.random.default_rng(trained + new)
    source = np.array(shares) / sum(shares)
    apart = 0
    for _ in range(300):
        one, other = with_rare_as_one(random.multinomial(trained, source), random.multinomial(new, source))
        apart += total_variation(one, other) > by_chance(one, other)
    # One in a thousand is allowed: two of 300 would be seen in 4 of 100 such simulations.
    assert apart <= 1


@pytest.mark.parametrize(("new", "moved"), [(100, 0.3), (1000, 0.1), (10_000, 0.07)])
def test_a_change_that_so_many_rows_can_show_is_seen(new: int, moved: float) -> None:
    random = np.random.default_rng(new)
    seen = 0
    for _ in range(100):
        one = random.multinomial(3000, [0.5, 0.3, 0.2])
        other = random.multinomial(new, [0.5 - moved, 0.3 + moved, 0.2])
        seen += total_variation(one, other) > by_chance(one, other)
    assert seen > 50
