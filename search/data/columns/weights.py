"""Weights: how much each row counts, by a column of numbers, none below 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from search.data.columns.kinds import holds_numbers, plain_series
from search.data.columns.numbers import PLAIN
from search.data.columns.texts import texts_of
from search.data.rows.raw import Array
from search.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def read_weights(series: pd.Series[Any], place: str) -> Array:
    """float64 (rows,), of numbers or of text that is numbers as Python writes them; `place` begins messages.

    Raises:
        DataError: a row has no finite number, or one below 0.
    """
    import pandas as pd

    plain = plain_series(series)
    if holds_numbers(plain):
        weights = plain.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        texts = texts_of(plain)
        weights = texts.each(lambda text: float(text) if PLAIN.fullmatch(text) else np.nan, float)

    def held(row: int) -> str:
        value = plain.iloc[row]
        return "no value" if pd.isna(value) else repr(str(value))

    return checked_weights(weights, place, held)


def checked_weights(weights: Array, place: str, held: Callable[[int], str]) -> Array:
    """`weights`, float64 (rows,); `held` is what a row holds, for a message.

    Raises:
        DataError: one is not finite, or below 0.
    """
    usable = np.isfinite(weights) & (weights >= 0)
    if not usable.all():
        raise DataError(
            f"{place} should hold a number of 0 or more in each row, but {(~usable).sum():,} of {len(weights):,} rows "
            f"hold something else, the first of them {held(int(np.flatnonzero(~usable)[0]))}; correct it, with 0 for "
            "rows that are not to count"
        )
    return weights


def refuse_weightless(weights: Array, place: str) -> None:
    """Where no row counts.

    Raises:
        DataError: all weights are 0.
    """
    if not weights.any():
        raise DataError(f"{place} holds 0 in all {len(weights):,} rows, so that none counts; correct it")


def effective_rows(weights: Array) -> float:
    """How many rows that count alike have a mean of the same spread (Kish 1965): (sum of w)² / sum of w²."""
    weights = weights.astype(np.float64)
    return float(weights.sum() ** 2 / np.square(weights).sum())
