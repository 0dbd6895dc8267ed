"""A column as the user says that it is: text that is no number, or no date, counts as missing and is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from search.data.columns.date_recognition import recognise
from search.data.columns.kinds import (
    BOOLEANS,
    date_column,
    holds_numbers,
    number_column,
    plain_series,
    typed,
    zone_of,
)
from search.data.columns.missing import counted, is_missing_word
from search.data.columns.numbers import read_numbers
from search.data.columns.texts import Texts, texts_of
from search.data.rows.notes import ColumnNotes
from search.data.rows.raw import TableColumn
from search.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

SaidKind = Literal["category", "number", "date", "text"]


def typed_as(
    kind: SaidKind, name: str, series: pd.Series[Any], notes: ColumnNotes
) -> tuple[TableColumn, bool]:
    """A column of the kind that the user says, and whether blanks around its texts are left out.

    Raises:
        DataError: most of its values are none of that kind.
    """
    if kind == "number":
        column, stripped = _numbers(name, series, notes), False
    elif kind == "text":
        column, stripped = TableColumn("text", texts_of(as_written(series)).each(str)), False
    else:
        texts = texts_of(as_written(series))
        category = kind == "category"
        column = TableColumn("category", texts.each(str)) if category else _dates(name, texts, notes)
        column = replace(column, zone="" if category else zone_of(series.dtype))
        stripped = not texts.blanks.keys().isdisjoint(column.values)
    return replace(column, said=True), stripped


def _numbers(name: str, series: pd.Series[Any], notes: ColumnNotes) -> TableColumn:
    import pandas as pd

    if pd.api.types.is_bool_dtype(series.dtype) or holds_numbers(plain := plain_series(series)):
        # That they could be times is no news to who says that they are numbers.
        return typed(name, series, ColumnNotes())[0]
    texts = texts_of(plain)
    values, words = _values_and_words(texts)
    if values and all(value in BOOLEANS for value in values):
        _tell_missing("number", name, texts, words, notes)
        return TableColumn("boolean", texts.each(lambda text: BOOLEANS.get(text, np.nan), float))
    numbers = read_numbers(values)
    _refuse_strays("number", name, numbers.strays, values)
    _tell_missing("number", name, texts, [*words, *numbers.strays], notes)
    return number_column(name, texts, replace(numbers, strays=()), [], notes)


def _dates(name: str, texts: Texts, notes: ColumnNotes) -> TableColumn:
    values, words = _values_and_words(texts)
    read = recognise(values)
    if read is None:
        _refuse_strays("date", name, tuple(values), values)
        return TableColumn("date", texts.each(lambda _: ""), "YYYY-MM-DD")
    _refuse_strays("date", name, read.strays, values)
    _tell_missing("date", name, texts, [*words, *read.strays], notes, form=f" as {read.template}")
    return date_column(name, texts, replace(read, strays=()), [], notes)


def _values_and_words(texts: Texts) -> tuple[dict[str, int], list[str]]:
    """The rows of each text that can be a value, and the words for missing."""
    values = {text: count for text, count in texts.rows.items() if not is_missing_word(text)}
    return values, [text for text in texts.rows if text not in values]


def _refuse_strays(kind: str, name: str, strays: Sequence[str], values: dict[str, int]) -> None:
    """Where most rows hold something else, the user means another column."""
    others, rows = sum(values[stray] for stray in strays), sum(values.values())
    if 2 * others > rows:
        raise DataError(
            f"--{kind}: most of column '{name}' is no {kind}: {counted(values, strays)}, {others:,} of the "
            f"{rows:,} rows that have a value; leave '{name}' out of --{kind}, or correct the file"
        )


def _tell_missing(
    kind: str, name: str, texts: Texts, words: list[str], notes: ColumnNotes, *, form: str = ""
) -> None:
    """`form` says as what the others are read, where a value may be of the kind and in another form."""
    if words:
        count = sum(texts.rows[word] for word in words)
        what = (
            f"1 value is no {kind}{form}, and"
            if count == 1
            else f"{count:,} values are no {kind}s{form}, and"
        )
        notes.add(f"no {kind}", f"column '{name}': {what} taken as missing: {counted(texts.rows, words)}")


def as_written(series: pd.Series[Any]) -> pd.Series[Any]:
    """Values as people write them: whole numbers without a fraction, also where a gap has made floats of them."""
    import pandas as pd

    plain = plain_series(series)
    if pd.api.types.is_float_dtype(plain.dtype):
        return plain.map(
            lambda value: str(int(value)) if value.is_integer() else str(value), na_action="ignore"
        )
    return plain
