"""The texts of a column, each distinct one once: what is asked of a text is asked once for all of its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from search.data.columns.missing import MISSING
from search.data.rows.raw import Array

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Texts:
    """`codes` is int (rows,): which of the `distinct` texts a row has, without blanks around it, "" where missing.

    `rows` counts those of each text that is not missing, `blanks` those in which blanks around it are left out, and
    `words` those of each word that is taken for missing, "" among them.
    """

    distinct: tuple[str, ...]
    codes: Array
    rows: Counter[str]
    blanks: Counter[str]
    words: Counter[str]

    def each(self, made: Callable[[str], object], dtype: Any = object) -> Array:
        """What is made of each row's text; (rows,)."""
        return np.array([made(text) for text in self.distinct], dtype=dtype)[self.codes]


def texts_of(series: pd.Series[Any]) -> Texts:
    """The texts of a column; what is no text, as Python writes it."""
    import pandas as pd

    codes, values = pd.factorize(series)
    counts = np.bincount(codes[codes >= 0], minlength=len(values)).tolist()
    distinct, rows, blanks, words = [], Counter[str](), Counter[str](), Counter[str]()
    for written, count in zip(map(str, values), counts, strict=True):
        text = written.strip()
        if text in MISSING:
            words[text] += count
            text = ""
        else:
            rows[text] += count
            if text != written:
                blanks[text] += count
        distinct.append(text)
    # The code of a value that pandas takes for missing is -1: the last.
    return Texts((*distinct, ""), codes, rows, blanks, words)
