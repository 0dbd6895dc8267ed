"""What a column of a table is: numbers, booleans, categories or dates; and what to tell where that was a decision."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from search.data.columns.date_forms import has_short_year
from search.data.columns.date_recognition import Recognised, recognise
from search.data.columns.likely_forms import likely_durations, likely_form, looks_like_times
from search.data.columns.missing import (
    MOST_CODES,
    counted,
    few_rows,
    few_strays,
    is_missing_word,
    stand_in,
)
from search.data.columns.numbers import Numbers, read_numbers
from search.data.columns.texts import Texts, texts_of
from search.data.rows.notes import ColumnNotes
from search.data.rows.raw import Array, TableColumn

if TYPE_CHECKING:
    import pandas as pd

BOOLEANS = {"true": 1.0, "True": 1.0, "TRUE": 1.0, "false": 0.0, "False": 0.0, "FALSE": 0.0}


def typed(name: str, series: pd.Series[Any], notes: ColumnNotes) -> tuple[TableColumn, bool]:
    """A column with its kind, and whether blanks around its texts are left out.

    `notes` are told where the reading was a decision.
    """
    import pandas as pd

    dtype = series.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return TableColumn("boolean", series.to_numpy(dtype=np.float64)), False
    series = plain_series(series)
    if holds_numbers(series):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        return TableColumn("number", checked_numbers(name, values, notes)), False
    texts = texts_of(series)
    column = _of_text(name, texts, notes, codes=isinstance(dtype, pd.CategoricalDtype))
    if column.kind == "date":
        column = replace(column, zone=zone_of(dtype))
        return column, not texts.blanks.keys().isdisjoint(column.values)
    return column, column.kind == "category" and bool(texts.blanks)


def zone_of(dtype: Any) -> str:
    """The time zone of points in time, as pandas takes it; "" of any other type, and where they have none."""
    import pandas as pd

    return str(dtype.tz) if isinstance(dtype, pd.DatetimeTZDtype) else ""


def plain_series(series: pd.Series[Any]) -> pd.Series[Any]:
    """Durations as seconds and points in time as ISO text; any other column as it is."""
    import pandas as pd

    if pd.api.types.is_timedelta64_dtype(series.dtype):
        return series.dt.total_seconds()
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return series.dt.strftime("%Y-%m-%dT%H:%M:%S")
    return series


def holds_numbers(series: pd.Series[Any]) -> bool:
    import pandas as pd

    decimal = pd.api.types.infer_dtype(series, skipna=True) == "decimal"
    return decimal or pd.api.types.is_numeric_dtype(series.dtype)


def _of_text(name: str, texts: Texts, notes: ColumnNotes, *, codes: bool) -> TableColumn:
    """`codes`: a file's own type says that these are categories, numbers or not."""
    rows = texts.rows
    values = {value: count for value, count in rows.items() if not is_missing_word(value)}
    words = [value for value in rows if value not in values]
    if not values:
        return TableColumn("category", texts.each(str))
    if all(value in BOOLEANS for value in values):
        _tell_missing(name, rows, words, notes)
        return TableColumn("boolean", texts.each(lambda text: BOOLEANS.get(text, np.nan), float))
    numbers = Numbers({}, tuple(values)) if codes else read_numbers(values)
    if numbers.plain and few_strays(numbers.plain, numbers.strays, values):
        return number_column(name, texts, numbers, words, notes)
    read = recognise(values)
    if read is not None and few_strays(read.dates, read.strays, values):
        return date_column(name, texts, read, words, notes)
    _tell_almost(name, values, numbers, read, notes, codes=codes)
    return TableColumn("category", texts.each(str))


def number_column(
    name: str, texts: Texts, numbers: Numbers, words: list[str], notes: ColumnNotes
) -> TableColumn:
    """A column of texts whose `numbers` were read; `words` and strays are missing."""
    _tell_missing(name, texts.rows, [*words, *numbers.strays], notes)
    if numbers.form:
        notes.add(
            "numbers in another form",
            f"column '{name}' is read as numbers {numbers.form} ({numbers.example()}); "
            "an exported model takes numbers",
        )
    values = texts.each(lambda text: float(numbers.plain.get(text, "nan")), float)
    return TableColumn("number", checked_numbers(name, values, notes), numbers.written)


def date_column(
    name: str, texts: Texts, read: Recognised, words: list[str], notes: ColumnNotes
) -> TableColumn:
    """A column of texts that were recognised as dates; `words` and strays are missing."""
    _tell_missing(name, texts.rows, [*words, *read.strays], notes)
    if read.ambiguous:
        notes.add(
            "day or month",
            f"column '{name}' could be day or month first: taken as {read.template}; if that is wrong, "
            "write its dates as YYYY-MM-DD",
        )
    elif read.unusual:
        notes.add(
            "dates in another form",
            f"column '{name}' is read as {read.what}, {read.template}: {read.example()}",
        )
    dated = texts.each(lambda text: text if text in read.dates else "")
    return TableColumn("date", dated, read.template)


def _tell_missing(name: str, rows: dict[str, int], words: list[str], notes: ColumnNotes) -> None:
    if words:
        notes.add("words for missing", f"column '{name}': {counted(rows, words)} taken as missing")


def _tell_almost(
    name: str,
    rows: dict[str, int],
    numbers: Numbers,
    read: Recognised | None,
    notes: ColumnNotes,
    *,
    codes: bool,
) -> None:
    """A column stays categories, though it looks like something else: what, and what is in the way."""
    if codes:
        return
    what, advice = "", "write plain values, or leave such fields empty"
    if numbers.plain and few_rows(numbers.strays, rows):
        what = f"most values are numbers, but not {counted(rows, numbers.strays)}"
    elif len(rows) > MOST_CODES and (durations := likely_durations(rows)):
        what, advice = durations, "write minutes, or seconds"
    # Codes such as 1.0.7 beside 1.10.12, which could be a date of 2012, are no dates.
    elif read is not None and few_rows(read.strays, rows) and not has_short_year(read.template):
        what = f"most values are {read.what} ({read.template}), but not {counted(rows, read.strays)}"
        advice = "write all of them in that form, or say --date, by which the others count as missing"
    elif len(rows) > MOST_CODES:
        what = likely_form(rows)
    if what:
        notes.add("almost", f"column '{name}' is taken as categories: {what}; {advice}")


def checked_numbers(name: str, values: Array, notes: ColumnNotes) -> Array:
    """`values`, float64 (rows,), after telling what may be wrong with them."""
    infinite = int(np.isinf(values).sum())
    if infinite:
        notes.add("infinite", f"column '{name}' has {infinite:,} infinite values: taken as missing")
    if found := stand_in(values):
        notes.add("stand-in", f"column '{name}' {found}")
    elif (since := looks_like_times(values)) is not None:
        notes.add(
            "times", f"column '{name}' could be {since}: taken as numbers; write 2025-03-31 to have dates"
        )
    return values
