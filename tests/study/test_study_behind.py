"""When a trial is behind the best one by its folds: signed ranks, compared with SciPy's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wilcoxon

from search.policies.behind import is_behind, p_of_ranks


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=9, unique=True), st.data())
def test_p_is_that_of_the_exact_test(sizes: list[int], data: st.DataObject) -> None:
    signs = data.draw(st.lists(st.sampled_from([-1.0, 1.0]), min_size=len(sizes), max_size=len(sizes)))
    gains = [sign * size for sign, size in zip(signs, sizes, strict=True)]
    assert p_of_ranks(gains) == pytest.approx(wilcoxon(gains, alternative="less", method="exact").pvalue)


def test_equal_folds_say_nothing() -> None:
    assert p_of_ranks([0.0, 0.0, 0.0]) >= 0.5


@pytest.mark.parametrize(
    ("values", "behind"),
    [
        ({1: 0.1}, False),
        ({1: 0.1, 2: 0.1}, False),
        ({1: 0.1, 2: 0.1, 3: 0.1}, True),
        ({1: 0.1, 2: 0.9, 3: 0.1}, False),
        ({2: 0.1, 3: 0.1, 4: 0.1}, True),
        ({7: 0.1, 8: 0.1, 9: 0.1}, False),
    ],
)
def test_behind_takes_three_folds_that_both_have(values: dict[int, float], behind: bool) -> None:
    best = {1: 0.5, 2: 0.6, 3: 0.55, 4: 0.5}
    assert is_behind(values, best, maximize=True) is behind
    assert is_behind({fold: -value for fold, value in values.items()},
                     {fold: -value for fold, value in best.items()}, maximize=False) is behind  # fmt: skip
