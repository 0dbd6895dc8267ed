"""Seeded splits: every row in exactly one of training, validation and test; classes kept in proportion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.data.columns.targets import FEWEST_ROWS
from search.data.rows.raw import Array
from search.errors import DataError

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Row numbers of each part, shuffled; int64 (rows of the part,)."""

    train: Rows
    validation: Rows
    test: Rows


def split_rows(
    y: Array,
    *,
    class_names: Sequence[str],
    val_fraction: float,
    test_fraction: float,
    seed: int,
    given_validation: int = 0,
    given_test: int = 0,
) -> Split:
    """Split the rows of `y`, int class indices (rows,), or any values where `class_names` is empty.

    Classes are split one by one, so that each part holds at least one row of each. The last `given_test` rows
    are the test split where there are any, and the `given_validation` rows before them the validation split; their
    fractions are then not used.

    Raises:
        DataError: fewer than 10 rows, or a class with too few rows to be in every part.
    """
    rows = len(y) - given_validation - given_test
    refuse_few_rows(rows, given_validation=given_validation > 0)
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    fractions = (0.0 if given_validation else val_fraction, 0.0 if given_test else test_fraction)
    if class_names:
        groups = [np.flatnonzero(y[:rows] == index) for index in range(len(class_names))]
        needed = ["training", *(["validation"] * (not given_validation)), *(["test"] * (not given_test))]
        _refuse_rare_classes(groups, class_names, needed)
    else:
        groups = [np.arange(rows)]
    parts: tuple[list[Rows], list[Rows], list[Rows]] = ([], [], [])
    owed = [0.0, 0.0]
    for group in groups:
        shuffled = random.permutation(group)
        validation, test = _part_sizes(len(group), fractions, owed)
        parts[0].append(shuffled[test + validation :])
        parts[1].append(shuffled[test : test + validation])
        parts[2].append(shuffled[:test])
    train, validation_rows, test_rows = (random.permutation(np.concatenate(part)) for part in parts)
    if given_validation:
        validation_rows = np.arange(rows, rows + given_validation)
    if given_test:
        test_rows = np.arange(len(y) - given_test, len(y))
    return Split(train.astype(np.int64), validation_rows.astype(np.int64), test_rows.astype(np.int64))


def refuse_few_rows(rows: int, *, given_validation: bool) -> None:
    if rows < FEWEST_ROWS:
        raise DataError(
            f"the source has {rows} rows to train{'' if given_validation else ' and validate'} on; at least "
            f"{FEWEST_ROWS} are needed"
        )


def _part_sizes(rows: int, fractions: tuple[float, float], owed: list[float]) -> tuple[int, int]:
    """Rows of one class for validation and test: its share rounded, at least one, one left for training.

    `owed` carries the rounding from class to class, so that many small classes together keep to the fractions.
    """
    sizes = [0, 0]
    for part, fraction in enumerate(fractions):
        if fraction:
            share = round(rows * fraction, 9)
            size = min(math.ceil(share), max(math.floor(share), round(share + owed[part])))
            sizes[part] = max(1, size)
            owed[part] = min(1.0, max(-1.0, owed[part] + share - sizes[part]))
    while sum(sizes) >= rows:
        sizes[int(sizes[1] > sizes[0])] -= 1
    return sizes[0], sizes[1]


def _refuse_rare_classes(groups: Sequence[Array], class_names: Sequence[str], parts: Sequence[str]) -> None:
    """Each class needs a row in each of `parts`, which the rows are split into."""
    needed = len(parts)
    rare = [
        (name, len(group)) for name, group in zip(class_names, groups, strict=True) if len(group) < needed
    ]
    if not rare:
        return
    listed = ", ".join(f"'{name}' has {count}" for name, count in rare[:5])
    more = f" and {len(rare) - 5} more" if len(rare) > 5 else ""
    each = "one row for training" if needed == 1 else f"{needed} rows, one each for {_and(parts)}"
    raise DataError(
        f"each class needs {each}, but {listed}{more}; "
        "collect more rows of it, merge it with another class, or remove it"
    )


def _and(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"
