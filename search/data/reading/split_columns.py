"""Columns and files that say how rows are split: what stays together, what comes first, what is on which side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from shlex import quote
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from search.data.columns.date_forms import has_time, has_year
from search.data.columns.dates import days_since_1970
from search.data.columns.kinds import typed
from search.data.columns.missing import counted
from search.data.columns.said_kinds import SaidKind, typed_as
from search.data.columns.texts import texts_of
from search.data.reading.frames import Columns
from search.data.rows.notes import ColumnNotes
from search.data.rows.raw import Array, RawData, Table, TableColumn, Times
from search.data.rows.request import DataRequest
from search.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

SIDES = ("training", "validation", "test")
_SIDE_OF = {"train": 0, "training": 0, "val": 1, "valid": 1, "validation": 1, "test": 2}


@dataclass(frozen=True)
class SplitMarks:
    """What says how rows are split, each (rows,) or None: `sides` has 0, 1 or 2 for training, validation and test.

    `not_features` are columns that only say it.
    """

    groups: Array | None = None
    times: Times | None = None
    sides: Array | None = None
    not_features: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def split_marks(
    frame: Columns, request: DataRequest, said: Mapping[str, str], sides: Array | None
) -> SplitMarks:
    """What the columns of `frame` say, beside the `sides` that files of their own have.

    Raises:
        DataError: a column does not hold what it is named for.
    """
    if request.group is not None:
        return _groups(frame[request.group], request, SplitMarks(sides=sides))
    if request.time is not None:
        return _times(frame[request.time], request, said.get(request.time), SplitMarks(sides=sides))
    if request.split_column is not None:
        name = request.split_column
        return SplitMarks(sides=_sides(frame[name], request), not_features=(name,))
    return SplitMarks(sides=sides)


def marked(raw: RawData, marks: SplitMarks, known: Array) -> RawData:
    """`raw`, whose rows are those that are `known`, with given splits at its end, and without rows of no time."""
    if marks.groups is None and marks.times is None and marks.sides is None:
        return raw
    sides = np.zeros(len(known), dtype=np.int8) if marks.sides is None else marks.sides
    sides, notes = sides[known], [*raw.notes, *marks.notes]
    groups = None if marks.groups is None else marks.groups[known]
    times = None if marks.times is None else replace(marks.times, values=marks.times.values[known])
    rows = np.argsort(sides, kind="stable")
    if times is not None:
        placed = np.isfinite(times.values[rows])
        rows = rows[placed]
        if missing := int((~placed).sum()):
            left_out = (
                "1 row is left out: it has" if missing == 1 else f"{missing:,} rows are left out: they have"
            )
            notes.append(f"{left_out} no value in the time column '{times.name}'")
    assert isinstance(raw.x, Table)
    counts = np.bincount(sides[rows], minlength=3)
    _refuse_emptied(marks, counts, raw.request)
    return replace(
        raw,
        x=raw.x.only(rows),
        y=raw.y[rows],
        given_validation=int(counts[1]),
        given_test=int(counts[2]),
        groups=None if groups is None else groups[rows],
        times=None if times is None else replace(times, values=times.values[rows]),
        weights=None if raw.weights is None else raw.weights[rows],
        notes=tuple(notes),
    )


def _refuse_emptied(marks: SplitMarks, counts: Array, request: DataRequest) -> None:
    """A side that was given and has no rows left would be taken from the training rows, as one that was not given."""
    given_rows = np.zeros(3, dtype=np.int64) if marks.sides is None else np.bincount(marks.sides, minlength=3)
    for side in (1, 2):
        given = int(given_rows[side])
        if given and not counts[side]:
            what = f"the target '{request.target}'" + (f" and in '{request.time}'" if request.time else "")
            raise DataError(
                f"none of the {given:,} {SIDES[side]} rows has a value in {what}, so nothing could be compared on "
                f"them; fill it in, or say otherwise which rows are for {SIDES[side]}"
            )


def _groups(series: pd.Series[Any], request: DataRequest, marks: SplitMarks) -> SplitMarks:
    distinct, groups = np.unique(texts_of(series).each(str), return_inverse=True)
    name, notes = str(request.group), []
    if missing := int((groups == 0).sum()) if distinct[0] == "" else 0:
        notes = [f"{missing:,} rows have no value in the group column '{name}': they are one group"]
    return replace(marks, groups=groups.astype(np.int64), not_features=(name,), notes=tuple(notes))


def _times(series: pd.Series[Any], request: DataRequest, use: str | None, marks: SplitMarks) -> SplitMarks:
    name = str(request.time)
    if use in ("number", "date"):
        column, _ = typed_as(cast(SaidKind, use), name, series, ColumnNotes())
    else:
        column, _ = typed(name, series, ColumnNotes())
    _refuse_no_time(column, request)
    if column.kind == "date":
        days = days_since_1970(column.values, column.template)
        return replace(marks, times=Times(name, days, date=True, clock=has_time(column.template)))
    marks = replace(marks, times=Times(name, np.where(np.isfinite(column.values), column.values, np.nan)))
    if use is not None:
        return marks
    # Of numbers that only grow, later rows have none that training has seen.
    note = (
        f"the time column '{name}' orders the rows and is no feature: later rows lie beyond all that training sees; "
        f"--number {quote(name)} makes it one"
    )
    return replace(marks, not_features=(name,), notes=(note,))


def _refuse_no_time(column: TableColumn, request: DataRequest) -> None:
    place = f"--time: column '{request.time}' of {request.source}"
    present = column.values[~column.missing()]
    if len(present) == 0:
        raise DataError(f"{place} holds no value; name a column of dates or numbers")
    if column.kind == "date" and not has_year(column.template):
        raise DataError(
            f"{place} holds times of a day ({present[0]}), which do not say which day; name another"
        )
    if column.kind not in ("date", "number"):
        rows = Counter(map(str, present.tolist()))
        raise DataError(
            f"{place} holds no dates and no numbers, but {counted(rows, list(rows))}; name another column, or say "
            f"--date {quote(str(request.time))} or --number {quote(str(request.time))} where most of it is"
        )


def _sides(series: pd.Series[Any], request: DataRequest) -> Array:
    texts = texts_of(series)
    place = f"--split-column: column '{request.split_column}' of {request.source}"
    expected = "it should hold train, validation (or val) and test"
    others = [text for text in texts.rows if text.casefold() not in _SIDE_OF]
    if others:
        raise DataError(f"{place} holds {counted(texts.rows, others)}; {expected}")
    sides = texts.each(lambda text: _SIDE_OF.get(text.casefold(), -1), np.int8)
    if missing := int((sides < 0).sum()):
        raise DataError(f"{place} holds no value in {missing:,} rows; {expected} in each")
    if empty := [name for side, name in enumerate(SIDES) if not (sides == side).any()]:
        raise DataError(f"{place} has no row for {' and '.join(empty)}; {expected}")
    return sides
