"""Columns that count the rows: of no use for a new row, and they tell how the file was sorted."""

from __future__ import annotations

import re

import numpy as np

from search.data.raw import Array
from search.data.separated import UNNAMED

# As our reader, pandas and readr name a column without a name.
_NO_NAME = re.compile(rf"{UNNAMED} \d+|unnamed: \d+(\.\d+)*|\.\.\.\d+", re.ASCII | re.IGNORECASE)
# Shuffled row numbers of a part of a larger file: this many times its rows is the largest.
_LARGEST_SHARE = 20
FEWEST_ROWS = 10


def has_no_name(name: str, *, header: bool) -> bool:
    return not header or _NO_NAME.fullmatch(name) is not None


def are_row_numbers(values: Array) -> bool:
    """Whether a column under no name counts rows: those of the file in any order, or of a larger file.

    `values` is float64, of all rows of the file: those of a part have gaps.
    """
    if not _distinct_whole(values) or values.min() < 0:
        return False
    in_order = bool((np.diff(values) > 0).all())
    return in_order or values.max() - values.min() == len(values) - 1 or _of_a_larger_file(values)


def counts_rows(values: Array) -> bool:
    """Whether a named column counts the rows of the file: from 0 or 1 in any order, or by one from row to row."""
    if len(values) < FEWEST_ROWS or not _distinct_whole(values):
        return False
    all_of_them = values.max() - values.min() == len(values) - 1
    return all_of_them and (values.min() in (0, 1) or bool((np.diff(values) == 1).all()))


def _of_a_larger_file(values: Array) -> bool:
    return len(values) >= FEWEST_ROWS and bool(values.max() < _LARGEST_SHARE * len(values))


def _distinct_whole(values: Array) -> bool:
    if len(values) == 0 or not np.isfinite(values).all() or (values != np.floor(values)).any():
        return False
    return len(np.unique(values)) == len(values)
