"""Fit a table's preprocessing on the training rows: medians, means, categories, and columns of no use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from shlex import quote

import numpy as np
from numpy.typing import NDArray

from search.data.columns import dates
from search.data.preparing.column_spec import CategoryColumn, Column, DateColumn, NumberColumn, TextColumn
from search.data.preparing.identifiers import identifier_note, is_prose, shared_identifier_note
from search.data.preparing.spec import CUT_VERSION, IDENTIFIER_VERSION, SPEC_VERSION, UNTAUGHT_VERSION
from search.data.preparing.words import FEWEST_ROWS, has_one_of, kept_words
from search.data.rows.notes import ColumnNotes
from search.data.rows.raw import Array, Table, TableColumn
from search.errors import DataError

# With more values a column is coded.
MOST_CATEGORIES = 50
# Of a coded column; and rows that each of them has at least, so that the others teach what any other value means.
MOST_CODES = 5000
FEWEST_ROWS_OF_A_CODE = 2
# Positions among a category's features.
UNKNOWN, MISSING = 0, 1
# Standard deviation of a date's sine or cosine below which it hardly varies: a few days of a year do not.
STEADY = 0.02


def fit_columns(
    table: Table, version: int = SPEC_VERSION, rows: Array | None = None
) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """Columns as they are to be preprocessed, and notes on those dropped or capped.

    `rows` are the training rows, where `table` holds others too: nothing of validation or test may enter a statistic.
    `version` is of the spec that the columns are for.

    Raises:
        DataError: no column is left.
    """
    fitted: list[Column] = []
    notes = ColumnNotes()
    input_names = unique_input_names(table.columns)
    for name, whole in table.columns.items():
        column = whole if rows is None else whole.take(rows)
        missing = column.missing()
        if _constant(column, missing):
            notes.add("constant", f"column '{name}' is dropped: it has one value in all training rows")
            continue
        if (told := identifier_note(name, column, numbers=version > IDENTIFIER_VERSION)) is not None:
            notes.add("identifier", told)
            continue
        if version > IDENTIFIER_VERSION and (told := shared_identifier_note(name, column)) is not None:
            notes.add("shared identifier", told)
        fit: Column
        if column.kind == "category":
            fit = _fit_category(name, input_names[name], column, missing, notes, cut=version <= CUT_VERSION)
        elif column.kind == "text":
            fit = _fit_text(name, input_names[name], column, missing, notes)
        elif column.kind == "date":
            fit = _fit_date(name, input_names[name], column)
        else:
            fit = _fit_number(name, input_names[name], column, missing)
        if version <= UNTAUGHT_VERSION:
            fit = fit.model_copy(update={"untaught": ()})
        if fit.features:
            fitted.append(fit)
        elif column.kind != "text":
            notes.add("constant", f"column '{name}' is dropped: it means the same in all training rows")
    if not fitted:
        raise DataError("no column is left to learn from: " + "; ".join(notes.texts()))
    return tuple(fitted), notes.texts()


def has_many(column: TableColumn) -> bool:
    """Whether it holds texts, or more categories than have a feature each."""
    return column.kind == "text" or (column.kind == "category" and len(set(column.values)) > MOST_CATEGORIES)


def tell_of_many(table: Table, notes: ColumnNotes) -> None:
    """What becomes of columns that have many values, by the training rows of them; as `fit_columns` tells it."""
    for name, column in table.columns.items():
        if column.kind == "text":
            _fit_text(name, name, column, column.missing(), notes)
        else:
            _fit_category(name, name, column, column.missing(), notes, cut=False)


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
    own = set(names)
    taken: set[str] = set()
    result: dict[str, str] = {}
    for name in names:
        plain = name.replace("/", "-")
        candidate, number = plain, 2
        while candidate in taken or (candidate != name and candidate in own):
            candidate, number = f"{plain}-{number}", number + 1
        taken.add(candidate)
        result[name] = candidate
    return result


def _constant(column: TableColumn, missing: NDArray[np.bool_]) -> bool:
    present = column.values[~missing]
    return len(present) == 0 or (_one_value(present) and not missing.any())


def _one_value(values: Array) -> bool:
    return bool((values == values[0]).all())


def _fit_number(name: str, input_name: str, column: TableColumn, missing: NDArray[np.bool_]) -> NumberColumn:
    median, mean, std = statistics(column.values)
    return NumberColumn(
        name=name,
        input_name=input_name,
        boolean=column.kind == "boolean",
        written=column.template,
        median=median,
        mean=mean,
        std=std,
        missing_flag=bool(missing.any()),
        untaught=(0,) if _one_value(column.values[~missing]) else (),
    )


def _fit_date(name: str, input_name: str, column: TableColumn) -> DateColumn:
    days = dates.days_since_1970(column.values, column.template)
    known = days[np.isfinite(days)]
    median, mean, std = statistics(known)
    steady = [_one_value(known)]
    for period in dates.periods(column.template):
        angle = 2 * np.pi / period * known
        steady += [float(wave.std()) < STEADY for wave in (np.sin(angle), np.cos(angle))]
    return DateColumn(
        name=name,
        input_name=input_name,
        template=column.template,
        median=median,
        mean=mean,
        std=std,
        missing_flag=len(known) < len(days),
        zone=column.zone,
        untaught=tuple(int(position) for position in np.flatnonzero(steady)),
    )


def _fit_category(
    name: str,
    input_name: str,
    column: TableColumn,
    missing: NDArray[np.bool_],
    notes: ColumnNotes,
    *,
    cut: bool,
) -> CategoryColumn:
    """`cut`: of many values the most frequent are kept, as earlier versions did."""
    present = column.values[~missing]
    counts = Counter(present.tolist())
    # Ties by text, so that the order of rows does not change the features.
    ranked = sorted(counts, key=lambda value: (-counts[value], value))
    many = len(ranked) > MOST_CATEGORIES
    values = ranked[:MOST_CATEGORIES]
    told = f"the {MOST_CATEGORIES} most frequent are kept, the rest share one feature"
    if many and not cut:
        values = [value for value in ranked[:MOST_CODES] if counts[value] >= FEWEST_ROWS_OF_A_CODE]
        told = f"a network learns a vector for each of {len(values):,}, and one for all others"
    if many:
        prose = not column.said and is_prose(np.array(ranked, dtype=object))
        told += f"; --text {quote(name)} reads its words" if prose else ""
        notes.add("many categories", f"column '{name}' has {len(ranked):,} categories: {told}")
    return CategoryColumn(
        name=name,
        input_name=input_name,
        values=tuple(values),
        untaught=(*[UNKNOWN] * (not many), *[MISSING] * (not missing.any())),
        coded=many and not cut,
        without=_without(counts, frozenset(values)) if many and not cut else None,
        counts=tuple(counts[value] for value in values),
    )


def _without(counts: Counter[str], kept: frozenset[str]) -> float:
    """The share of rows whose value would not be kept if the row were none of these, as a new row is none.

    As Good (1953) estimates how much has never been seen: by what was seen hardly often enough.
    """
    rare = sum(
        count for value, count in counts.items() if value not in kept or count <= FEWEST_ROWS_OF_A_CODE
    )
    return rare / counts.total()


def _fit_text(
    name: str, input_name: str, column: TableColumn, missing: NDArray[np.bool_], notes: ColumnNotes
) -> TextColumn:
    texts = column.values.tolist()
    words = kept_words(texts)
    if words:
        notes.add("words", f"column '{name}' is read by {len(words):,} words and pairs of words")
    else:
        notes.add(
            "words",
            f"column '{name}' is dropped: no word is in {FEWEST_ROWS} training rows or more, and not in all",
        )
    known = frozenset(words)
    without = sum(not has_one_of(known, text) for text in column.values[~missing].tolist()) / len(texts)
    return TextColumn(name=name, input_name=input_name, words=words, without=without)
