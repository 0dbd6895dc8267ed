"""Fit a table's preprocessing on the training rows: medians, means, categories, and columns of no use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from search.data import dates
from search.data.raw import Array, Table, TableColumn
from search.data.spec import CategoryColumn, Column, DateColumn, NumberColumn
from search.errors import DataError

MOST_CATEGORIES = 50
IDENTIFIER_SHARE = 0.9
IDENTIFIER_ROWS = 20


def fit_columns(table: Table) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """Columns as they are to be preprocessed, and notes on those dropped or capped.

    `table` holds the training rows alone: nothing of validation or test may enter a statistic.

    Raises:
        DataError: no column is left.
    """
    fitted: list[Column] = []
    notes: list[str] = []
    input_names = unique_input_names(table.columns)
    for name, column in table.columns.items():
        input_name = input_names[name]
        if _constant(column):
            notes.append(f"column '{name}' is dropped: it has one value in all training rows")
        elif column.kind == "category":
            category, note = _fit_category(name, input_name, column)
            if category is not None:
                fitted.append(category)
            if note:
                notes.append(note)
        elif column.kind == "date":
            days = dates.days_since_1970(column.values, column.template)
            median, mean, std = statistics(days)
            fitted.append(
                DateColumn(
                    name=name,
                    input_name=input_name,
                    template=column.template,
                    median=median,
                    mean=mean,
                    std=std,
                    missing_flag=bool(column.missing().any()),
                )
            )
        else:
            median, mean, std = statistics(column.values)
            fitted.append(
                NumberColumn(
                    name=name,
                    input_name=input_name,
                    boolean=column.kind == "boolean",
                    median=median,
                    mean=mean,
                    std=std,
                    missing_flag=bool(column.missing().any()),
                )
            )
    if not fitted:
        raise DataError("no column is left to learn from: " + "; ".join(notes))
    return tuple(fitted), tuple(notes)


def statistics(values: Array) -> tuple[float, float, float]:
    """Median, mean and population standard deviation of the finite values; 1 in place of a deviation of 0."""
    finite = values[np.isfinite(values)].astype(np.float64)
    # Scaled by the largest, so that squares of 1e200 do not overflow and those of 1e-200 do not vanish.
    largest = float(np.abs(finite).max()) or 1.0
    scaled = finite / largest
    std = float(scaled.std()) * largest
    return float(np.median(scaled)) * largest, float(scaled.mean()) * largest, std if std > 0 else 1.0


def unique_input_names(names: Iterable[str]) -> dict[str, str]:
    """A Keras input's name for each column: the column's own, with a dash where Keras allows no slash."""
    taken: set[str] = set()
    result: dict[str, str] = {}
    for name in names:
        plain = name.replace("/", "-")
        candidate, number = plain, 2
        while candidate in taken or (candidate != name and candidate in names):
            candidate, number = f"{plain}-{number}", number + 1
        taken.add(candidate)
        result[name] = candidate
    return result


def _constant(column: TableColumn) -> bool:
    missing = column.missing()
    present = column.values[~missing]
    if len(present) == 0:
        return True
    return bool((present == present[0]).all()) and not missing.any()


def _fit_category(name: str, input_name: str, column: TableColumn) -> tuple[CategoryColumn | None, str]:
    present = column.values[~column.missing()]
    counts = Counter(present.tolist())
    if len(present) >= IDENTIFIER_ROWS and len(counts) >= IDENTIFIER_SHARE * len(present):
        return None, (
            f"column '{name}' is dropped: {len(counts):,} of {len(present):,} training rows have a text "
            f"of their own, as identifiers do{_almost_number(present)}"
        )
    # Ties by text, so that the order of rows does not change the features.
    ranked = sorted(counts, key=lambda value: (-counts[value], value))
    note = ""
    if len(ranked) > MOST_CATEGORIES:
        note = (
            f"column '{name}' has {len(ranked):,} categories: the {MOST_CATEGORIES} most frequent are kept, "
            f"the rest share one feature{_almost_number(present)}"
        )
    return CategoryColumn(name=name, input_name=input_name, values=tuple(ranked[:MOST_CATEGORIES])), note


def _almost_number(values: Array) -> str:
    """A hint where a text column looks like numbers with a few strays, or with decimal commas."""
    commas = strays = 0
    stray = ""
    for value in values:
        try:
            float(value)
        except ValueError:
            strays += 1
            stray = stray or value
            digits = value.replace(",", "", 1).lstrip("-")
            commas += value.count(",") == 1 and digits.isdigit()
    if strays and commas == strays:
        return f" (numbers with decimal commas, such as {stray!r}, are text here: write points)"
    if 0 < strays <= 0.1 * len(values):
        return f" (most are numbers, but not {stray!r}: leave such fields empty to have a column of numbers)"
    return ""
