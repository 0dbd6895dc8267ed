"""Columns that name rows and measure nothing: texts of which nearly every row has one of its own, or such numbers."""

from __future__ import annotations

import re
from shlex import quote

import numpy as np

from search.data.rows.raw import Array, Table, TableColumn

IDENTIFIER_SHARE = 0.9
IDENTIFIER_ROWS = 20
# Of more rows each, on average, what a column names is a country rather than a customer.
_ROWS_TOGETHER = 20
# Incomes and areas are whole numbers of their own as well: of numbers, the name has to say it too.
_ID_WORDS = frozenset(("id", "ids", "uid", "uuid", "guid", "identifier", "rowid", "rowname", "rownames"))
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+")


def says_identifier(name: str) -> bool:
    """Whether a name begins or ends with such a word: PassengerId, customer_id, ID of order; not paid or humid."""
    words = [word.casefold() for word in _WORD.findall(name)]
    return bool(words) and not _ID_WORDS.isdisjoint((words[0], words[-1]))


def identifier_note(
    name: str, column: TableColumn, *, numbers: bool = True, of: str = "training rows"
) -> str | None:
    """Why a column is left out as an identifier, by the rows that it has; None where it is none.

    `numbers`: also of numbers, which earlier versions took for features. `of` says which rows these are.
    """
    present = column.values[~column.missing()]
    if column.said or column.kind not in ("category", "number") or len(present) < IDENTIFIER_ROWS:
        return None
    if column.kind == "number" and not (numbers and says_identifier(name) and _whole(present)):
        return None
    distinct = len(set(present.tolist()))
    if distinct < IDENTIFIER_SHARE * len(present):
        return None
    counted = f"{distinct:,} of {len(present):,} {of} have"
    if column.kind == "category" and is_prose(present):
        return f"column '{name}' is dropped: {counted} a text of their own; --text {quote(name)} keeps it, by its words"
    if column.kind == "category":
        return f"column '{name}' is dropped: {counted} a text of their own, as identifiers do"
    return (
        f"column '{name}' is dropped: {counted} a number of their own, as identifiers do, and its name says that it is "
        f"one; --number {quote(name)} keeps it"
    )


def shared_identifier_note(name: str, column: TableColumn) -> str | None:
    """What to say where a column names what several rows are of, such as customers; None where it names none.

    Rows of one customer on two sides of a split are known before they are judged on.
    """
    present = column.values[~column.missing()]
    if column.said or column.kind not in ("category", "number") or not says_identifier(name):
        return None
    if column.kind == "number" and not _whole(present):
        return None
    distinct = len(set(present.tolist()))
    if distinct < IDENTIFIER_ROWS or not len(present) / _ROWS_TOGETHER < distinct < IDENTIFIER_SHARE * len(
        present
    ):
        return None
    return (
        f"column '{name}' is an identifier by its name, and several rows have the same ({distinct:,} different ones in "
        f"{len(present):,} rows): --group {quote(name)} keeps these on one side of the split, "
        f"--drop {quote(name)} leaves it out"
    )


def is_prose(texts: Array) -> bool:
    """Whether most of these texts, object (rows,), are of three words or more: a comment, not a name or a code."""
    return float(np.median([len(text.split()) for text in texts.tolist()])) >= 3


def without_advice(notes: tuple[str, ...], table: Table, kept: set[str]) -> tuple[str, ...]:
    """`notes` without the advice to delete a column that counts rows, of those that are left out and not `kept`."""
    gone = tuple(f"column '{name}' counts the rows " for name in table.columns if name not in kept)
    return tuple(note for note in notes if not gone or not note.startswith(gone))


def _whole(values: Array) -> bool:
    return bool((values == np.floor(values)).all())
