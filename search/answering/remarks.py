"""What there is to say of new rows: values that training never saw, and values that could not be read."""

from __future__ import annotations

from collections.abc import Mapping

from search.data import CategoryColumn, DataSpec, DateColumn, TextColumn
from search.data.columns.missing import counted
from search.data.preparing.as_trained import FAR, Found
from search.data.preparing.column_spec import Column
from search.data.preparing.fitted_columns import MISSING, MOST_CATEGORIES
from search.errors import InputError


def remarks(found: Mapping[str, Found], spec: DataSpec) -> tuple[str, ...]:
    """A line for each column in which something was read that training had not."""
    return tuple(
        line for column in spec.columns if column.name in found for line in _of(column, found[column.name])
    )


def refuse_unreadable(source: str, found: Mapping[str, Found], spec: DataSpec) -> None:
    """Refuse numbers or dates that are mostly none: another column, or another way of writing.

    Raises:
        InputError: more than half of the values of a column could not be read.
    """
    for column in spec.columns:
        there = found.get(column.name, Found())
        values = there.rows - there.missing + there.stray_rows
        if 2 * there.stray_rows > values:
            raise InputError(
                f"{source}: column '{column.name}' should hold {_expected(column)}, but {there.stray_rows:,} of "
                f"{values:,} values are none: {counted(there.strays, list(there.strays))}; write them so"
            )


def _of(column: Column, found: Found) -> list[str]:
    lines = []
    if found.unseen and isinstance(column, CategoryColumn):
        never = (
            "that training had in one row at most"
            if column.coded
            else f"that is not among the {MOST_CATEGORIES} most frequent of training"
            if len(column.values) >= MOST_CATEGORIES
            else "that training never saw"
        )
        lines.append(_line(found.unseen, found, f"a value of '{column.name}' {never}", "count", "as unknown"))
    elif found.unseen:
        what = f"a text of '{column.name}' without any word that training kept"
        lines.append(_line(found.unseen, found, what, "count", "as empty"))
    if found.stray_rows:
        what = f"a value of '{column.name}' that is no {_one(column)}, {counted(found.strays, list(found.strays))}"
        lines.append(_line(found.stray_rows, found, what, "count", "as missing"))
    if found.infinite:
        lines.append(
            _line(found.infinite, found, f"an infinite value of '{column.name}'", "count", "as missing")
        )
    if found.far:
        what = f"a value of '{column.name}' more than {FAR} standard deviations from its mean in training"
        lines.append(
            _line(found.far, found, what, "count", "in full; look whether the unit is that of training")
        )
    missing = found.missing - found.stray_rows - found.infinite
    if missing and never_missing(column):
        what = f"no value of '{column.name}', which was never missing in training"
        then = (
            ("count", "as missing")
            if isinstance(column, CategoryColumn)
            else ("get", "the median of training")
        )
        lines.append(_line(missing, found, what, *then))
    return lines


def _line(rows: int, found: Found, what: str, do: str, then: str) -> str:
    """`3 of 1,000 rows have no value: they count as missing`."""
    have, they = ("has", f"it {do}s") if rows == 1 else ("have", f"they {do}")
    return f"{rows:,} of {found.rows:,} rows {have} {what}: {they} {then}"


def never_missing(column: Column) -> bool:
    """Whether all training rows had a value of it. Of a text, none is as one without words."""
    if isinstance(column, CategoryColumn):
        return MISSING in column.untaught
    if isinstance(column, TextColumn):
        return False
    return not column.missing_flag


def _one(column: Column) -> str:
    if isinstance(column, DateColumn):
        return f"date as {column.template}"
    if isinstance(column, CategoryColumn):
        return "category"
    if isinstance(column, TextColumn):
        return "text"
    return "boolean" if column.boolean else f"number as {column.written or '1234.5'}"


def _expected(column: Column) -> str:
    what, *form = _one(column).split(" ", 1)
    return " ".join([f"{what}s", *form])
