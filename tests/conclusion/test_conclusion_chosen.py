"""Error rates where a configuration was chosen by the rows that it is judged on: simulated studies of equals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from search.conclusion.statistics.chosen import change_from_chosen
from search.conclusion.statistics.intervals import difference_over_rows
from search.conclusion.statistics.race import race

ROWS = 300
Array = np.ndarray


@dataclass(frozen=True)
class World:
    """Configurations that are right on nine rows in ten, whichever; `shared` rows are alike for all of them.

    A training errs on one row in a hundred more, or is right on it by chance.
    """

    shared: float
    random: np.random.Generator

    def configurations(self, count: int, right: float | Array = 0.9) -> Array:
        """Which rows each knows: bool (count, ROWS). Each has its own luck with these rows, and keeps it."""
        common = self.random.random(ROWS)
        own = self.random.random((count, ROWS))
        alike = self.random.random(ROWS) < self.shared
        return np.where(alike, common, own) < np.broadcast_to(right, (count, 1))

    def varied(self, of: Array, right: float = 0.9) -> Array:
        """Another that knows as many rows, `shared` of them the same."""
        again = self.random.random(ROWS) < right
        return np.where(self.random.random(ROWS) < self.shared, of, again)

    def trained(self, knows: Array, seeds: int) -> Array:
        """Right or wrong: bool (seeds, ROWS)."""
        return knows ^ (self.random.random((seeds, ROWS)) < 0.01)


def of_seeds(right: Array) -> dict[int, float]:
    return dict(enumerate(right.mean(axis=1).tolist()))


def clear(
    world: World, among: int, seeds: int, studies: int, *, worse: float = 0.0, asked: bool = True
) -> float:
    """The share of variations that are told from the best of `among`; `asked`: with the choice allowed for."""
    found = []
    for _ in range(studies):
        searched = world.configurations(among)
        values = [world.trained(one, 1).mean() for one in searched]
        best = searched[int(np.argmax(values))]
        base = world.trained(best, seeds)
        for _ in range(4):
            other = world.trained(world.varied(best, 0.9 - worse), seeds)
            change = change_from_chosen(
                of_seeds(other),
                of_seeds(base),
                (other.mean(axis=0).tolist(), base.mean(axis=0).tolist()),
                "maximize",
                among if asked else 1,
            )
            found.append(change.interval is not None and not change.interval[0] <= 0 <= change.interval[1])
    return float(np.mean(found))


@pytest.mark.parametrize("seeds", [3, 20])
@pytest.mark.parametrize("shared", [0.0, 0.8])
@pytest.mark.parametrize("among", [1, 10, 50, 200])
def test_of_equals_no_more_than_one_variation_in_twenty_is_told_from_the_best_of_many(
    among: int, shared: float, seeds: int
) -> None:
    world = World(shared, np.random.default_rng([among, seeds, round(10 * shared)]))
    assert clear(world, among, seeds, studies=60) < 0.09  # 240 variations: three deviations above 5 %


def test_without_that_a_quarter_would_be_told_from_the_best_of_fifty() -> None:
    world = World(0.0, np.random.default_rng(1))
    assert clear(world, 50, 20, studies=100, asked=False) > 0.2


def test_a_loss_that_is_there_is_found_all_the_same() -> None:
    """Ten points of 300 rows that are half shared, after a search of 50."""
    assert clear(World(0.5, np.random.default_rng(2)), 50, 5, studies=40, worse=0.2) > 0.9


def test_a_search_that_follows_its_values_is_judged_as_well() -> None:
    """Each of 50 trials varies the best so far, as the ablation does afterwards: its luck adds up."""
    world, found = World(0.8, np.random.default_rng(3)), []
    for _ in range(60):
        best = world.configurations(1)[0]
        value = world.trained(best, 1).mean()
        for _ in range(49):
            tried = world.varied(best)
            if (score := world.trained(tried, 1).mean()) > value:
                best, value = tried, score
        base = world.trained(best, 5)
        for _ in range(4):
            other = world.trained(world.varied(best), 5)
            rows = other.mean(axis=0).tolist(), base.mean(axis=0).tolist()
            change = change_from_chosen(of_seeds(other), of_seeds(base), rows, "maximize", 50)
            found.append(change.p is not None and change.p < 0.05)
    assert np.mean(found) < 0.09


def test_of_many_tests_interval_and_p_say_the_same() -> None:
    random = np.random.default_rng(4)
    for tests in (1, 7, 1000):
        for _ in range(20):
            first, second = random.normal(0.15, 1, 300), random.normal(0, 1, 300)
            found = difference_over_rows(first, second, tests=tests)
            assert found.interval is not None
            assert found.p is not None
            assert (found.p < 0.05) == (not found.interval[0] <= 0 <= found.interval[1])


def race_errs(among: int, shared: float, spread: float, studies: int, top: int = 5) -> float:
    """Share of studies in which `finalize` calls one worse that is as good as the leader, or better.

    The `top` of `among` are its candidates, chosen by these rows; `spread` is the deviation of what they are worth.
    """
    world = World(shared, np.random.default_rng([among, round(10 * shared), round(1000 * spread)]))
    wrong = 0
    for _ in range(studies):
        worth = np.clip(0.9 + spread * world.random.standard_normal(among), 0.5, 0.99)
        searched = world.configurations(among, worth[:, None])
        values = [world.trained(one, 1).mean() for one in searched]
        chosen = np.argsort(values)[-top:].tolist()
        right = {one: world.trained(searched[one], 5) for one in chosen}
        result = race(
            {one: of_seeds(of) for one, of in right.items()},
            dict.fromkeys(chosen, 1),
            "maximize",
            {one: of.mean(axis=0).tolist() for one, of in right.items()},
        )
        wrong += any(worth[one] >= worth[result.leader] for one in set(chosen) - set(result.tied))
    return wrong / studies


@pytest.mark.parametrize("spread", [0.0, 0.02])
@pytest.mark.parametrize("among", [10, 50, 200])
def test_a_race_among_those_that_the_rows_chose_errs_in_no_more_than_one_study_in_twenty(
    among: int, spread: float
) -> None:
    assert race_errs(among, 0.0, spread, studies=60) < 0.1
