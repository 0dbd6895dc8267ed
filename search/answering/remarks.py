"""What there is to say of new rows: values that training never saw, and values that could not be read."""

from __future__ import annotations

from collections.abc import Mapping

from search.data import CategoryColumn, DataSpec, DateColumn
from search.data.columns.missing import counted
from search.data.preparing.as_trained import Found
from search.data.preparing.fitted_columns import MISSING, MOST_CATEGORIES
from search.data.preparing.spec import Column
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
    rows = f"of {found.rows:,} rows"
    if found.unseen and isinstance(column, CategoryColumn):
        never = (
            f"that is not among the {MOST_CATEGORIES} most frequent of training"
            if len(column.values) >= MOST_CATEGORIES
            else "that training never saw"
        )
        lines.append(
            f"{found.unseen:,} {rows} have a value of '{column.name}' {never}: they count as unknown"
        )
    if found.stray_rows:
        lines.append(
            f"{found.stray_rows:,} {rows} have a value of '{column.name}' that is no {_one(column)}, "
            f"{counted(found.strays, list(found.strays))}: they count as missing"
        )
    missing = found.missing - found.stray_rows
    if missing and _never_missing(column):
        has = "a category of none" if isinstance(column, CategoryColumn) else "the median of training"
        lines.append(
            f"{missing:,} {rows} have no value of '{column.name}', which was never missing in training: they get {has}"
        )
    return lines


def _never_missing(column: Column) -> bool:
    if isinstance(column, CategoryColumn):
        return MISSING in column.untaught
    return not column.missing_flag


def _one(column: Column) -> str:
    if isinstance(column, DateColumn):
        return f"date as {column.template}"
    if isinstance(column, CategoryColumn):
        return "category"
    return "boolean" if column.boolean else f"number as {column.written or '1234.5'}"


def _expected(column: Column) -> str:
    what, *form = _one(column).split(" ", 1)
    return " ".join([f"{what}s", *form])
