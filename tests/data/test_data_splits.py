"""Splits: disjoint, complete, stratified, and the same for the same seed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.data.preparing.splits import split_rows
from search.errors import DataError

class_sizes = st.lists(st.integers(3, 40), min_size=2, max_size=8).filter(lambda sizes: sum(sizes) >= 10)
fractions = st.floats(0.05, 0.4)


@settings(max_examples=150)
@given(sizes=class_sizes, val=fractions, test=fractions, seed=st.integers(0, 2**40))
def test_every_row_is_in_one_part_and_every_class_in_each(sizes, val, test, seed):
    names = [str(index) for index in range(len(sizes))]
    y = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))

    def split():
        return split_rows(y, class_names=names, val_fraction=val, test_fraction=test, seed=seed)

    first, second = split(), split()
    parts = (first.train, first.validation, first.test)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(y)))
    for rows, again in zip(parts, (second.train, second.validation, second.test), strict=True):
        assert (rows == again).all()
    for label, size in enumerate(sizes):
        counts = [int((y[rows] == label).sum()) for rows in parts]
        assert min(counts) >= 1
        shares = (math.floor(size * val + 1e-9), math.ceil(size * val - 1e-9))
        assert counts[1] in (1, *shares) or counts[0] == 1


@settings(max_examples=50)
@given(
    rows=st.integers(10, 200),
    given_validation=st.integers(0, 30),
    given_test=st.integers(0, 30),
    seed=st.integers(0, 100),
)
def test_given_splits_stay_as_they_are(rows, given_validation, given_test, seed):
    split = split_rows(
        np.zeros(rows + given_validation + given_test),
        class_names=(),
        val_fraction=0.2,
        test_fraction=0.3,
        seed=seed,
        given_validation=given_validation,
        given_test=given_test,
    )
    if given_validation:
        assert split.validation.tolist() == list(range(rows, rows + given_validation))
    else:
        assert len(split.validation) == max(1, round(rows * 0.2))
    if given_test:
        assert split.test.tolist() == list(
            range(rows + given_validation, rows + given_validation + given_test)
        )
    else:
        assert len(split.test) == max(1, round(rows * 0.3))
    parts = [*split.train, *split.validation, *split.test]
    assert sorted(parts) == list(range(rows + given_validation + given_test))


def test_small_classes_together_keep_to_the_fractions():
    split = split_rows(
        np.arange(500) % 50, class_names=["c"] * 50, val_fraction=0.15, test_fraction=0.15, seed=0
    )
    assert (len(split.train), len(split.validation), len(split.test)) == (350, 75, 75)


def test_another_seed_splits_otherwise():
    y = np.arange(100) % 2
    one, two = (
        split_rows(y, class_names="ab", val_fraction=0.2, test_fraction=0.2, seed=seed) for seed in (1, 2)
    )
    assert set(one.test) != set(two.test)


def test_a_rare_class_is_named():
    y = np.array([0] * 20 + [1] * 2)
    with pytest.raises(DataError, match=r"'rare' has 2.*merge it") as error:
        split_rows(y, class_names=("common", "rare"), val_fraction=0.1, test_fraction=0.1, seed=0)
    assert "needs 3 rows" in str(error.value)


def test_two_rows_of_a_class_are_enough_beside_a_given_test_split():
    y = np.array([0] * 10 + [1] * 2 + [0, 1])
    split = split_rows(y, class_names=("a", "b"), val_fraction=0.1, test_fraction=0.1, seed=0, given_test=2)
    assert {1, 0} == set(y[split.train]) == set(y[split.validation])


def test_fewer_than_ten_rows_are_refused():
    with pytest.raises(DataError, match="9 rows"):
        split_rows(np.zeros(9), class_names=(), val_fraction=0.1, test_fraction=0.1, seed=0)
