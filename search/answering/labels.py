"""What new rows really are, as their source says it: the class or the quantity of each, read as in training."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from search.data import DataSpec
from search.data.columns.kinds import holds_numbers, plain_series
from search.data.columns.missing import is_certainly_missing
from search.data.columns.numbers import PLAIN, numbers_written
from search.data.columns.said_kinds import as_written
from search.data.columns.targets import is_code
from search.data.columns.texts import Texts, texts_of
from search.data.columns.written_numbers import plain_numbers
from search.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from search.data.rows.raw import Array

MISSING, UNSEEN = -1, -2


@dataclass
class Classes:
    """Numbers of classes by what a source calls them; `unseen` counts the rows of classes that training had not."""

    spec: DataSpec
    unseen: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        names = self.spec.class_names
        self._number_of = {name: number for number, name in enumerate(names)}
        # As training does it: 1 and 1.0 are one class, 01 and 1 are two.
        plain = all(PLAIN.fullmatch(name) and not is_code(name) for name in names)
        self._of_value = {Decimal(name): number for name, number in self._number_of.items()} if plain else {}

    def numbers(self, labels: Any) -> Array:
        """int (rows,): the class of each row, `MISSING` where it has none, `UNSEEN` where training had it not."""
        import pandas as pd

        texts = texts_of(as_written(pd.Series(labels)))
        numbers = texts.each(self._number, int)
        for text, count in texts.rows.items():
            if self._number(text) == UNSEEN:
                self.unseen[text] += count
        return numbers

    def _number(self, text: str) -> int:
        if text == "":
            return MISSING
        if text not in self._number_of and self._of_value and PLAIN.fullmatch(text) and not is_code(text):
            return self._of_value.get(Decimal(text), UNSEEN)
        return self._number_of.get(text, UNSEEN)


def quantities(labels: pd.Series[Any], name: str, written: str = "") -> Array:
    """float64 (rows,), NaN where a row has none; `name` is what messages call them.

    Texts are read as `written` says that those of training stood in their file, if that reads all of them: 1.234 alone
    could be two numbers. Else by the form that reads the most.

    Raises:
        InputError: a value is no number, or infinite.
    """
    series = plain_series(labels)
    if holds_numbers(series):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        texts = texts_of(series)
        read = _as_in_training(texts, written)
        values = _as_most(texts, name) if read is None else read
    if np.isinf(values).any():
        raise InputError(f"{name} holds infinite values; correct them, or leave them empty")
    return values


def _as_in_training(texts: Texts, written: str) -> Array | None:
    """By the form of the training file; None where that was a plain one, or does not read all."""
    if not written:
        return None
    there = [text for text in texts.rows if not is_certainly_missing(text)]
    plain = numbers_written(there, written)
    if len(plain) < len(there):
        return None
    return texts.each(lambda text: float(plain.get(text, "nan")), float)


def _as_most(texts: Texts, name: str) -> Array:
    plain, _, _ = plain_numbers(texts, task="regression", name=name)
    stray = next((text for text in plain.tolist() if text and not PLAIN.fullmatch(text)), None)
    if stray is not None:
        raise InputError(f"{name} should hold numbers, but holds {stray!r}; correct it, or leave it empty")
    return np.array([float(text or "nan") for text in plain.tolist()])
