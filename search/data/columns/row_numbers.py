"""Columns that count the rows: of no use for a new row, and they tell how the file was sorted."""

from __future__ import annotations

import re

import numpy as np

from search.data.rows.raw import Array

UNNAMED = "unnamed"
# As our readers, pandas and readr name a column without a name.
_NO_NAME = re.compile(rf"{UNNAMED} \d+|unnamed: \d+(\.\d+)*|\.\.\.\d+", re.ASCII | re.IGNORECASE)
# Shuffled row numbers of a part of a larger file: this many times its rows is the largest.
_LARGEST_SHARE = 20
FEWEST_ROWS = 10
# By chance, so many different numbers do not lie so close together.
_FEWEST_OF_LARGER = 50
# Of several files, one below the other: nearly every number is one more than the last.
_STEPS_SHARE = 0.9


def has_no_name(name: str, *, header: bool) -> bool:
    return not header or _NO_NAME.fullmatch(name) is not None


def are_row_numbers(values: Array, *, header: bool) -> bool:
    """Whether a column under no name counts rows: those of the file in any order, of a larger file, or of several.

    `values` is float64, of all rows of the file: those of a part have gaps. Without a header all columns are without
    a name, so only what counts exactly the rows of the file is sure.
    """
    if not _whole(values) or values.min() < 0:
        return False
    distinct = len(np.unique(values)) == len(values)
    if distinct and values.max() - values.min() == len(values) - 1:
        return True
    steps = np.diff(values)
    in_order = bool((steps > 0).all())
    of_several = bool((steps == 1).mean() > _STEPS_SHARE) if len(steps) else False
    return header and ((distinct and (in_order or _of_a_larger_file(values))) or of_several)


def counts_rows(values: Array) -> bool:
    """Whether a named column counts rows: from 0 or 1 in any order, by one down the file, or most of a larger one."""
    if len(values) < FEWEST_ROWS or not _whole(values) or len(np.unique(values)) < len(values):
        return False
    span = values.max() - values.min() + 1
    if span == len(values):
        return values.min() in (0, 1) or bool((np.diff(values) == 1).all())
    return len(values) >= _FEWEST_OF_LARGER and values.min() >= 0 and bool(span <= 2 * len(values))


def _of_a_larger_file(values: Array) -> bool:
    return len(values) >= FEWEST_ROWS and bool(values.max() < _LARGEST_SHARE * len(values))


def _whole(values: Array) -> bool:
    return len(values) > 0 and bool(np.isfinite(values).all()) and bool((values == np.floor(values)).all())
