"""Against textbooks, scipy's own tests and simulated studies."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from search.conclusion.statistics.intervals import (
    difference,
    difference_over_rows,
    mean_of,
    wilson,
)
from search.conclusion.statistics.race import holm, race, selection_cost
from search.settings.metrics import Direction

# Student (1908): hours of sleep gained by ten patients with each of two drugs.
SLEEP = (
    [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
    [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
)


def of_seeds(values: Sequence[float]) -> dict[int, float]:
    return dict(enumerate(values))


@pytest.mark.parametrize("count", range(2, 21))
def test_the_interval_of_a_mean_is_scipys(count: int) -> None:
    values = np.random.default_rng(count).normal(0.5, 0.02, count)
    found, expected = mean_of(values), stats.ttest_1samp(values, 0.0).confidence_interval()
    assert found.interval == pytest.approx(tuple(expected), rel=1e-9)
    assert found.deviation == pytest.approx(np.std(values, ddof=1))


def test_one_value_has_no_interval_and_equal_values_claim_no_certainty() -> None:
    assert (mean_of([0.5]).deviation, mean_of([0.5]).interval) == (None, None)
    assert (mean_of([0.5, 0.5]).deviation, mean_of([0.5, 0.5]).interval) == (0.0, None)


def test_values_that_are_no_numbers_are_refused() -> None:
    for values in ([], [0.5, math.nan]):
        with pytest.raises(ValueError, match="all finite"):
            mean_of(values)


def test_shared_seeds_are_compared_by_pairs_as_student_compared_drugs() -> None:
    found = difference(of_seeds(SLEEP[1]), of_seeds(SLEEP[0]))
    assert found.count == 10
    assert found.mean == pytest.approx(1.58)
    assert found.p == pytest.approx(0.00283, abs=5e-6)
    assert found.interval == pytest.approx((0.700, 2.460), abs=5e-4)


def test_without_a_shared_seed_there_is_nothing_to_compare() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        difference({0: 0.5}, {1: 0.4})


def test_a_seed_that_one_side_lacks_is_left_out_of_the_pairs() -> None:
    first, second = of_seeds(SLEEP[0]), of_seeds(SLEEP[1])
    del second[3]
    expected = stats.ttest_rel([*SLEEP[0][:3], *SLEEP[0][4:]], [*SLEEP[1][:3], *SLEEP[1][4:]])
    assert difference(first, second).p == pytest.approx(expected.pvalue)


@pytest.mark.parametrize(("first", "second"), [({0: 0.5}, {0: 0.4}), ({0: 0.5, 1: 0.6}, {0: 0.4, 1: 0.5})])
def test_too_few_seeds_or_no_spread_give_a_difference_and_no_interval(
    first: dict[int, float], second: dict[int, float]
) -> None:
    found = difference(first, second)
    assert found.mean == pytest.approx(0.1)
    assert (found.interval, found.p) == (None, None)


values_of_seeds = st.lists(st.floats(-10, 10, width=32), min_size=2, max_size=20)


@given(values_of_seeds, values_of_seeds)
def test_exchanging_the_sides_turns_the_difference(first: list[float], second: list[float]) -> None:
    sides = of_seeds(first), of_seeds(second)
    one, other = difference(*sides), difference(*reversed(sides))
    assert one.mean == pytest.approx(-other.mean)
    assert one.p == pytest.approx(other.p)
    if one.interval is not None and other.interval is not None:
        assert one.interval == pytest.approx((-other.interval[1], -other.interval[0]))


@given(values_of_seeds, values_of_seeds, st.integers(-8, 8))
def test_what_is_added_to_both_sides_changes_nothing(
    first: list[float], second: list[float], shift: int
) -> None:
    before = difference(of_seeds(first), of_seeds(second))
    after = difference(
        of_seeds([value + shift for value in first]), of_seeds([value + shift for value in second])
    )
    assert after.mean == pytest.approx(before.mean, abs=1e-6)
    if before.half is not None and after.half is not None:
        assert after.half == pytest.approx(before.half, rel=1e-4, abs=1e-6)


def test_two_models_on_the_same_rows_differ_as_mcnemar_says() -> None:
    """Agresti (Categorical Data Analysis, 10.1): 794, 150, 86, 570; McNemar's z is 4.17 (squared 17.36)."""
    first = [1] * 794 + [1] * 150 + [0] * 86 + [0] * 570
    second = [1] * 794 + [0] * 150 + [1] * 86 + [0] * 570
    found = difference_over_rows(first, second)
    assert found.mean == pytest.approx(0.04)
    assert found.interval == pytest.approx((0.021, 0.059), abs=5e-4)
    assert found.p == pytest.approx(2 * stats.norm.sf(64 / math.sqrt(236)), rel=0.2)


def test_rows_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="as many"):
        difference_over_rows([1, 0], [1])


def test_holms_p_values() -> None:
    """As R's p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") prints them."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@given(st.floats(0, 1), st.integers(1, 100_000))
def test_the_interval_of_a_share_is_scipys(share: float, rows: int) -> None:
    right = round(share * rows)
    expected = stats.binomtest(right, rows).proportion_ci(method="wilson")
    assert wilson(right / rows, rows) == pytest.approx(tuple(expected), abs=1e-9)


def test_a_clear_winner_wins_whatever_its_size() -> None:
    values = {"large": of_seeds([0.60, 0.61, 0.60]), "small": of_seeds([0.50, 0.51, 0.52])}
    result = race(values, {"large": 900, "small": 100}, "maximize")
    assert (result.leader, result.tied, result.winner) == ("large", ["large"], "large")
    assert race(values, {"large": 900, "small": 100}, "minimize").winner == "small"


def test_in_a_tie_the_smallest_wins_and_what_is_worse_does_not_take_part() -> None:
    values = {
        "best": of_seeds([0.60, 0.63, 0.61, 0.62]),
        "like it": of_seeds([0.61, 0.60, 0.62, 0.61]),
        "tiny": of_seeds([0.30, 0.33, 0.32, 0.31]),
    }
    result = race(values, {"best": 900, "like it": 500, "tiny": 10}, "maximize")
    assert result.tied == ["best", "like it"]
    assert (result.leader, result.winner) == ("best", "like it")
    assert [rival.name for rival in result.rivals] == ["like it", "tiny"]


def test_where_nothing_is_known_of_chance_all_are_tied_and_the_best_mean_wins() -> None:
    for seeds in (1, 3):  # one value, and values that are all alike, have no interval
        values = {"a": of_seeds([0.9] * seeds), "b": of_seeds([0.5] * seeds), "c": of_seeds([0.9] * seeds)}
        result = race(values, {"a": 20, "b": 10, "c": 15}, "maximize")
        assert (result.leader, result.tied, result.winner) == ("c", ["c", "a", "b"], "c")


@pytest.mark.parametrize(("direction", "sign"), [("maximize", 1), ("minimize", -1)])
def test_one_that_is_tied_because_a_training_collapsed_does_not_win_by_that(
    direction: Direction, sign: int
) -> None:
    values = {
        "steady": [0.970, 0.975, 0.972, 0.978, 0.974],
        "like it": [0.972, 0.971, 0.975, 0.974, 0.972],
        "collapses": [0.972, 0.971, 0.975, 0.974, 0.100],
    }
    of_all = {name: of_seeds([sign * value for value in these]) for name, these in values.items()}
    result = race(of_all, {"steady": 900, "like it": 800, "collapses": 10}, direction)
    assert result.tied == ["steady", "like it", "collapses"]
    assert result.winner == "like it"
    result = race(of_all, {"steady": 700, "like it": 800, "collapses": 10}, direction)
    assert result.winner == "steady"


def test_a_candidate_alone_wins() -> None:
    assert race({7: {0: 0.5}}, {7: 10}, "maximize").winner == 7


@given(st.permutations(range(4)), st.sampled_from([-4.0, 0.0, 2.0]))
@settings(max_examples=30)
def test_neither_order_nor_level_changes_a_race(order: list[int], shift: float) -> None:
    random = np.random.default_rng(5)
    values = {name: of_seeds(random.normal(0.1 * name, 0.05, 5)) for name in range(4)}
    sizes = {name: 100 - name for name in range(4)}
    expected = race(values, sizes, "maximize")
    moved = {name: {seed: value + shift for seed, value in values[name].items()} for name in order}
    found = race(moved, sizes, "maximize")
    assert (found.leader, found.tied, found.winner) == (expected.leader, expected.tied, expected.winner)


STUDIES = 2000


def false_finds(equal: int, others: int, seeds: int = 5) -> tuple[float, float]:
    """Of simulated studies: the share with a false sole winner, and with one of the equal called worse."""
    random = np.random.default_rng([equal, others])
    alone = worse = 0
    for _ in range(STUDIES):
        drawn = random.normal(0.5, 0.01, (equal + others, seeds))
        drawn[equal:] -= 1.0
        result = race(dict(enumerate(map(of_seeds, drawn))), dict.fromkeys(range(9), 1), "maximize")
        alone += len(result.tied) == 1
        worse += len(set(result.tied) & set(range(equal))) < equal
    return alone / STUDIES, worse / STUDIES


def test_between_two_equals_one_study_in_twenty_finds_a_winner() -> None:
    alone, worse = false_finds(equal=2, others=0)
    assert alone == worse
    assert 0.035 < alone < 0.065  # three deviations of 2,000 studies around 5 %


def test_between_two_equals_far_ahead_of_three_as_well() -> None:
    assert 0.035 < false_finds(equal=2, others=3)[0] < 0.065


def test_three_equals_ahead_of_two_are_told_apart_in_no_more_than_one_study_in_twenty() -> None:
    alone, worse = false_finds(equal=3, others=2)
    assert alone < 0.02
    assert 0.02 < worse < 0.065


def test_five_equals_are_told_apart_in_no_more_than_one_study_in_twenty() -> None:
    alone, worse = false_finds(equal=5, others=0)
    assert alone < 0.01
    assert 0.01 < worse < 0.05


def test_rows_that_happen_to_suit_one_of_two_equals_make_no_winner() -> None:
    """Each of two equal configurations knows rows of its own, whatever the seed; 300 rows are a small sample."""
    random = np.random.default_rng(9)
    studies, by_seeds, by_both = 400, 0, 0
    for _ in range(studies):
        knows = random.random((2, 1, 300)) < np.array([[[0.9]], [[0.9]]])
        right = knows ^ (random.random((2, 5, 300)) < 0.01)
        values = {name: of_seeds(right[name].mean(axis=1)) for name in range(2)}
        rows = {name: right[name].mean(axis=0) for name in range(2)}
        by_seeds += len(race(values, {0: 1, 1: 1}, "maximize").tied) == 1
        by_both += len(race(values, {0: 1, 1: 1}, "maximize", rows).tied) == 1
    assert by_seeds / studies > 0.5
    assert by_both / studies < 0.08  # three deviations of 400 studies around 5 %


def test_what_selection_cost_is_positive_where_it_got_worse() -> None:
    assert selection_cost(0.95, 0.93, 0.90, "maximize") == pytest.approx((0.02, 0.03))
    assert selection_cost(1.0, 1.2, 1.1, "minimize") == pytest.approx((0.2, -0.1))
