"""A greedy choice among networks: never worse than the best on the rows that choose, and what it gains on others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from digits_spec import digits_spec
from hypothesis import given, settings
from hypothesis import strategies as st

from search.conclusion.ensemble.greedy import (
    choice_by,
    chosen_outputs,
    gain_on_other_rows,
    greedy_choice,
    halves_of,
    shares_of,
)
from search.conclusion.ensemble.judging import Array, Judge
from search.conclusion.statistics.intervals import Difference
from search.settings.metrics import metrics_of

TASKS = ("multiclass", "binary", "regression")


def world(
    task: str, rows: int, seed: int, candidates: int = 4, noise: float = 2.0
) -> tuple[list[Array], Array]:
    """Outputs that know of each row's class or target, each with noise of its own; and `y`."""
    random = np.random.default_rng(seed)
    units = 3 if task == "multiclass" else 1
    y = random.normal(size=rows) if task == "regression" else random.integers(0, max(units, 2), rows)
    known = np.eye(3)[y] if task == "multiclass" else (y if task == "regression" else 2 * y - 1)[:, None]
    return [known + noise * random.normal(size=(rows, units)) for _ in range(candidates)], y


def judge_of(task: str, y: Array, metric: str) -> Judge:
    return Judge(y, digits_spec(task=task, class_names=("a", "b", "c")), metric)


def best_first(outputs: Sequence[Array], judge: Judge) -> list[Array]:
    return sorted(outputs, key=judge.merit, reverse=True)


@given(st.data(), st.sampled_from(TASKS), st.integers(2, 30), st.integers(0, 10**6), st.integers(1, 5))
@settings(max_examples=60)
def test_it_is_never_worse_than_any_one_on_the_rows_that_choose(
    draw: st.DataObject, task: str, rows: int, seed: int, most: int
) -> None:
    outputs, y = world(task, rows, seed)
    judge = judge_of(task, y, draw.draw(st.sampled_from(["loss", *metrics_of(task)])))
    outputs = best_first(outputs, judge)
    chosen = greedy_choice(outputs, judge, most)
    assert chosen[0] == 0
    assert 1 <= len(chosen) <= most
    together = judge.merit(chosen_outputs(outputs, chosen, task))
    slack = 1e-9  # the mean is added up one by one while it is chosen
    assert together[0] >= max(judge.merit(one)[0] for one in outputs) - slack
    assert greedy_choice([*outputs, outputs[0]], judge, most) == chosen  # the same again, behind the others
    assert sum(shares_of(chosen).values()) == pytest.approx(1)


def test_of_networks_that_err_on_different_rows_both_are_chosen_and_a_bad_one_is_not() -> None:
    y = np.array([0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
    right = (2.0 * y - 1)[:, None]
    first, second = right.copy(), right.copy()
    first[:2] *= -0.5
    second[2:5] *= -0.5
    outputs, judge = [first, second, -right], judge_of("binary", y, "accuracy")
    assert greedy_choice(outputs, judge, 2) == [0, 1]
    assert shares_of([0, 1, 0]) == {0: pytest.approx(2 / 3), 1: pytest.approx(1 / 3)}


def test_what_gains_nothing_stays_one_network() -> None:
    outputs, y = world("regression", 10, 0, candidates=1)
    judge = judge_of("regression", y, "mae")
    assert greedy_choice(outputs, judge, 5) == [0]
    assert greedy_choice([outputs[0], np.full((10, 1), np.nan)], judge, 5) == [0]


def gain_and_truth(seed: int, rows: int, candidates: int) -> tuple[Difference, float]:
    """What a study of so many rows says of its choice, and what 2,000 rows of the kind say."""
    outputs, y = world("regression", rows + 2000, seed, candidates, noise=0.5)
    judge, others = judge_of("regression", y[:rows], "mae"), judge_of("regression", y[rows:], "mae")
    here = best_first([one[:rows] for one in outputs], judge)
    gain = gain_on_other_rows(here, judge, 3)
    assert gain is not None
    there = [one[rows:] for one in outputs]
    truth = []
    for half in halves_of(rows):
        chosen = choice_by([one[:rows][half] for one in outputs], judge.of(half), 3)
        several = others.merit(chosen_outputs(there, chosen, "regression"))
        truth.append(several[0] - others.merit(there[chosen[0]])[0])
    return gain, float(np.mean(truth))


def test_the_gain_on_other_rows_has_an_interval_that_holds_what_is_true() -> None:
    """Nine times in ten, not 95 in 100: what one half chooses depends on the rows that judge the other's choice."""
    covered, studies = 0, 100
    for seed in range(studies):
        gain, truth = gain_and_truth(seed, rows=60, candidates=4)
        assert gain.interval is not None
        covered += gain.interval[0] <= truth <= gain.interval[1]
    assert 0.84 <= covered / studies <= 0.96


def test_the_luck_of_the_best_on_rows_that_made_it_the_best_speaks_against_no_mean() -> None:
    """Of twelve equals on few rows the best is lucky: compared with it, the gain would be told too low."""
    told = [gain_and_truth(seed, rows=40, candidates=12) for seed in range(60)]
    off = np.array([gain.mean - truth for gain, truth in told])
    assert abs(off.mean()) < 2.5 * off.std(ddof=1) / np.sqrt(len(off))


def test_without_scores_of_rows_nothing_is_said_of_other_rows() -> None:
    outputs, y = world("binary", 20, 0)
    assert gain_on_other_rows(outputs, judge_of("binary", y, "auc"), 3) is None
    assert gain_on_other_rows([one[:1] for one in outputs], judge_of("binary", y[:1], "accuracy"), 3) is None
