"""Separated text before it becomes a table: its separator, column names, and that no line is ragged."""

from __future__ import annotations

import contextlib
import csv
import itertools
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.data.columns.numbers import is_number
from search.data.columns.row_numbers import UNNAMED
from search.data.reading.table import refuse_duplicates, refuse_too_many
from search.data.reading.text_file import TextFile, open_text_file
from search.data.rows.notes import listed
from search.data.rows.request import DataRequest
from search.errors import DataError

SEPARATORS = ",;\t|"
# Any run of blanks and tabs.
BLANKS = " "
SNIFFED_LINES = 50
_SEP_LINE = re.compile(r"\"?sep=([^\"\r\n])\"?[\r\n]*", re.IGNORECASE)
_ALIGNED = re.compile(r"\S {2,}\S")


@dataclass(frozen=True)
class TextLayout:
    """How to read a text table: its column names, how many rows stand below them, and the lines above them."""

    file: TextFile
    separator: str
    names: tuple[str, ...]
    rows: int
    skipped_lines: int


def text_layout(path: Path, request: DataRequest) -> TextLayout:
    """Look through a text table, one of the request's files, once, without keeping it.

    Raises:
        DataError: the file is empty, not UTF-8, ragged, or its first line contradicts `request.header`.
    """
    file = open_text_file(path)
    said, skipped = _excel_separator(file)
    with _fields_of_any_size():
        separator = request.separator or said or _sniffed_separator(file)
        return _checked_layout(file, separator, skipped, header=request.header)


@contextlib.contextmanager
def _fields_of_any_size() -> Iterator[None]:
    """The csv module refuses fields above 128 KiB otherwise; its limit is of the whole process."""
    limit = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _excel_separator(file: TextFile) -> tuple[str | None, int]:
    """What a first line `sep=;` says, as Excel writes and reads it, and how many lines that takes."""
    with file.text() as text:
        said = _SEP_LINE.fullmatch(text.readline(100))
    return (said[1], 1) if said else (None, 0)


def _sniffed_separator(file: TextFile) -> str:
    """The separator that cuts each of the first lines into equally many fields, the most of them.

    Blanks are one where no other is, or where columns are aligned by them. Where nothing cuts all lines alike, the
    one most frequent in the first line, so that a ragged file is told so.
    """
    with file.text() as text:
        lines = list(itertools.islice(text, SNIFFED_LINES))
    fields: dict[str, int] = {}
    for separator in (*SEPARATORS, BLANKS):
        rows = list(_reader(lines, separator))
        if len(lines) == SNIFFED_LINES:
            rows.pop()  # a quoted field may go on behind the last line read
        counts = {len(row) for row in rows if not _is_blank(row)}
        if len(counts) == 1:
            fields[separator] = counts.pop()
    aligned = all(_ALIGNED.search(line) for line in lines if line.strip())
    by_blanks = fields.pop(BLANKS, 1)
    best = max(fields, key=lambda separator: fields[separator], default=",")
    if by_blanks > fields.get(best, 1) and (aligned or (fields.get(best, 1) == 1 and not _cuts_any(lines))):
        return BLANKS
    if fields.get(best, 1) > 1 or not lines:
        return best
    return max(SEPARATORS, key=lambda separator: lines[0].count(separator))


def _cuts_any(lines: list[str]) -> bool:
    """Whether another separator than blanks stands in each of the lines: then they are ragged, not of blanks."""
    return any(all(separator in line for line in lines if line.strip()) for separator in SEPARATORS)


def _reader(lines: Iterable[str], separator: str, *, strict: bool = False) -> Any:
    """The csv module's reader; with `BLANKS`, any run of blanks and tabs separates two fields."""
    if separator == BLANKS:
        lines = (f"{line.strip()}\n".replace("\t", " ") for line in lines)
    return csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=strict)


def _checked_layout(file: TextFile, separator: str, skipped: int, *, header: bool) -> TextLayout:
    """pandas fills short rows with missing values and takes the first column of long ones for an index, both
    without a word: so each row is counted here.
    """
    path = file.path
    with file.text() as text:
        reader = _reader(itertools.islice(text, skipped, None), separator, strict=True)
        try:
            first = next((row for row in reader if not _is_blank(row)), None)
            if first is None:
                raise DataError(f"{path} is empty; expected a line of column names and rows below it")
            refuse_too_many(len(first), path)
            rows, second = (0 if header else 1), None
            for row in reader:
                if _is_blank(row):
                    continue
                if len(row) != len(first):
                    raise DataError(
                        f"{path}, line {skipped + reader.line_num}: {len(row)} fields where the first line has "
                        f"{len(first)}, separated by {separator!r}; {_ragged_advice(first, row)}"
                    )
                second = second or row
                rows += 1
        except csv.Error as exc:
            raise DataError(
                f"{path}, line {skipped + reader.line_num}: {exc}; look for a quote that is not closed, or one "
                'inside a quoted field that is not doubled, as in "say ""hi"""'
            ) from exc
    _refuse_wrong_header(path, first, second, header=header)
    names = tuple(
        (_one_line(name) or f"{UNNAMED} {index}") if header else str(index)
        for index, name in enumerate(first)
    )
    refuse_duplicates(names, path)
    return TextLayout(file, separator, names, rows, skipped)


def _ragged_advice(first: list[str], row: list[str]) -> str:
    advice = "correct the line, quote fields that hold the separator, or set another separator"
    if len(first) == 1:
        return f"remove the first line if it is a title or a comment, else {advice}"
    if len(row) == len(first) + 1 and not row[-1].strip():
        return f"remove the separator that ends the line, else {advice}"
    if len(row) == len(first) + 1:
        return f"give the first column a name if the first line lacks it, else {advice}"
    return advice


def _one_line(name: str) -> str:
    """A column's name without the line ends that a quoted name may hold: one can type it, and print it."""
    return re.sub(r"\s*[\r\n]+\s*", " ", name.strip())


def _refuse_wrong_header(path: Path, first: list[str], second: list[str] | None, *, header: bool) -> None:
    numbers = [is_number(field) for field in first]
    counted = first in ([str(i) for i in range(len(first))], [str(i + 1) for i in range(len(first))])
    if header and all(numbers) and not counted:
        raise DataError(
            f"the first line of {path} holds numbers only ({listed(first)}), not column names; "
            "add a line of names, or say that there is no header (--no-header)"
        )
    if not header and second is not None and not any(numbers) and any(map(is_number, second)):
        raise DataError(
            f"the first line of {path} holds text ({listed(first)}) where the second holds numbers: "
            "it looks like column names; leave --no-header out"
        )


def _is_blank(row: list[str]) -> bool:
    """An empty line, which pandas skips as well."""
    return len(row) <= 1 and not any(row)
