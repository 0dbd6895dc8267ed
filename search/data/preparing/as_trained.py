"""New rows of a table, read as the training rows were: what each column is was settled then, and not guessed again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from search.data.columns.date_forms import strftime_of, without_zone
from search.data.columns.dates import days_since_1970
from search.data.columns.kinds import BOOLEANS, holds_numbers, plain_series
from search.data.columns.missing import is_missing_word
from search.data.columns.numbers import numbers_written
from search.data.columns.said_kinds import as_written
from search.data.columns.texts import Texts, texts_of
from search.data.preparing.column_spec import CategoryColumn, Column, DateColumn, NumberColumn, TextColumn
from search.data.preparing.spec import DataSpec
from search.data.preparing.words import has_one_of
from search.data.rows.raw import Array, Table, TableColumn

if TYPE_CHECKING:
    import pandas as pd

_MOST_STRAYS = 100
# What is so far away is in another unit, or stands for something else.
FAR = 100


@dataclass
class Found:
    """What stands in a column of new rows, counted over all of them.

    `missing` are rows without a value, among them those of `infinite` numbers and of `strays`: texts that are no number
    or date as the column has them, of which the first few different ones are kept. `unseen` are rows of a category that
    training has not, or of a text without any word that it kept; `seen` counts the rows of each category that it has.
    `total` is the sum of the `known` numbers, or of days since 1970-01-01; `far` of them are more than `FAR` standard
    deviations from the mean of training.
    """

    rows: int = 0
    missing: int = 0
    infinite: int = 0
    unseen: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    stray_rows: int = 0
    strays: Counter[str] = field(default_factory=Counter)
    known: int = 0
    far: int = 0
    total: float = 0.0


def as_trained(frame: pd.DataFrame, spec: DataSpec, found: Mapping[str, Found]) -> Table:
    """The columns of `spec` out of a frame of at least these; what is in them is added to `found`, by name."""
    return Table(
        {column.name: _read(frame[column.name], column, found[column.name]) for column in spec.columns}
    )


def _read(series: pd.Series[Any], column: Column, found: Found) -> TableColumn:
    found.rows += len(series)
    if isinstance(column, NumberColumn):
        read = TableColumn("boolean" if column.boolean else "number", _numbers(series, column, found))
        found.infinite += int(np.isinf(read.values).sum())
        _add(read.values, column, found)
    else:
        if isinstance(column, DateColumn):
            read = _dates(texts_of(_in_form(series, column)), column, found)
        elif isinstance(column, TextColumn):
            texts = texts_of(as_written(series))
            read = TableColumn("text", texts.each(str))
            words = frozenset(column.words)
            found.unseen += sum(count for text, count in texts.rows.items() if not has_one_of(words, text))
        else:
            texts = texts_of(as_written(series))
            read = TableColumn("category", texts.each(str))
            _add_categories(texts, column, found)
    found.missing += int(read.missing().sum())
    return read


def _numbers(series: pd.Series[Any], column: NumberColumn, found: Found) -> Array:
    import pandas as pd

    if pd.api.types.is_bool_dtype(series.dtype):
        return series.to_numpy(dtype=np.float64)
    series = plain_series(series)
    if holds_numbers(series):
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    texts = texts_of(series)
    plain: dict[str, Any] = {**numbers_written(texts.rows, column.written)}
    if column.boolean:
        plain |= {text: number for text, number in BOOLEANS.items() if text in texts.rows}
    _stray(texts, plain, found)
    return texts.each(lambda text: float(plain.get(text, "nan")), float)


def _in_form(series: pd.Series[Any], column: DateColumn) -> pd.Series[Any]:
    """Dates and points in time that a file has as such, written as the training file wrote its dates.

    In UTC where it wrote them with an offset, and by the clocks of the zone that its type said.
    """
    import pandas as pd

    template = column.template
    if pd.api.types.infer_dtype(series, skipna=True) == "date":
        series = pd.to_datetime(series, errors="coerce")
    if not pd.api.types.is_datetime64_any_dtype(series.dtype):
        return as_written(series)
    in_utc = without_zone(template) != template or template.endswith(("Z", "UTC", "GMT"))
    if series.dt.tz is not None and (in_utc or column.zone):
        series = series.dt.tz_convert("UTC" if in_utc else column.zone)
    return series.dt.strftime(strftime_of(template))


def _dates(texts: Texts, column: DateColumn, found: Found) -> TableColumn:
    distinct = list(texts.rows)
    days = dict(zip(distinct, days_since_1970(distinct, column.template).tolist(), strict=True))
    dates = {text: day for text, day in days.items() if day == day}
    _stray(texts, dates, found)
    _add(texts.each(lambda text: dates.get(text, np.nan), float), column, found)
    return TableColumn("date", texts.each(lambda text: text if text in dates else ""), column.template)


def _add_categories(texts: Texts, column: CategoryColumn, found: Found) -> None:
    known = set(column.values)
    for text, count in texts.rows.items():
        if text in known:
            found.seen[text] += count
        else:
            found.unseen += count


def _stray(texts: Texts, read: Iterable[str], found: Found) -> None:
    known = set(read)
    for text, count in texts.rows.items():
        if text not in known and not is_missing_word(text):
            found.stray_rows += count
            if text in found.strays or len(found.strays) < _MOST_STRAYS:
                found.strays[text] += count


def _add(values: Array, column: NumberColumn | DateColumn, found: Found) -> None:
    finite = values[np.isfinite(values)]
    found.known += len(finite)
    with np.errstate(over="ignore"):
        found.far += int((np.abs(finite - column.mean) > FAR * column.std).sum())
    found.total += float(finite.sum())
