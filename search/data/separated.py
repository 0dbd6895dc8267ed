"""Separated text before it becomes a table: its encoding, separator, column names, and that no line is ragged."""

from __future__ import annotations

import codecs
import contextlib
import csv
import itertools
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from search.data.request import DataRequest
from search.errors import DataError

SEPARATORS = ",;\t|"
SNIFFED_LINES = 50
MISSING = ("", "NA", "null", "?", "NaN", "nan")
UNNAMED = "unnamed"


@dataclass(frozen=True)
class TextLayout:
    """How to read a text table: its column names, and how many rows stand below them."""

    separator: str
    names: tuple[str, ...]
    rows: int


def text_layout(request: DataRequest) -> TextLayout:
    """Look through a text table once, without keeping it.

    Raises:
        DataError: the file is empty, not UTF-8, ragged, or its first line contradicts `request.header`.
    """
    path = Path(request.source)
    _refuse_other_encodings(path)
    with _fields_of_any_size():
        separator = request.separator or _sniffed_separator(path)
        return _checked_layout(path, separator, header=request.header)


def refuse_duplicates(names: tuple[str, ...], path: Path) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(f"{path} has two columns named '{name}'; rename or remove one")
        seen.add(name)


def listed(names: tuple[str, ...]) -> str:
    """Names for a message, the first twenty of them."""
    shown = ", ".join(names[:20])
    return f"{shown} and {len(names) - 20:,} more" if len(names) > 20 else shown


@contextlib.contextmanager
def _fields_of_any_size() -> Iterator[None]:
    """The csv module refuses fields above 128 KiB otherwise; its limit is of the whole process."""
    limit = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _refuse_other_encodings(path: Path) -> None:
    """UTF-8 text only: a wrong guess would turn category names into others without a word."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    position = pending = 0
    try:
        with path.open("rb") as file:
            if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                raise DataError(
                    f"{path} is UTF-16 text; convert it to UTF-8, for instance: "
                    f"iconv -f UTF-16 -t UTF-8 {path.name} > utf8.csv"
                )
            file.seek(0)
            while block := file.read(1 << 20):
                if b"\0" in block:
                    raise DataError(
                        f"{path} is not text: byte {position + block.index(0):,} is zero; "
                        "expected a table as text (or name a Parquet file .parquet)"
                    )
                pending = len(decoder.getstate()[0])
                decoder.decode(block)
                position += len(block)
            pending = len(decoder.getstate()[0])
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as exc:
        wrong = f"byte {position - pending + exc.start:,} is 0x{exc.object[exc.start]:02x}"
        raise DataError(
            f"{path} is not UTF-8 text ({wrong}); "
            f"convert it, for instance: iconv -f LATIN1 -t UTF-8 {path.name} > utf8.csv"
        ) from exc
    except OSError as exc:
        raise DataError(f"{path} cannot be read: {exc.strerror or exc}") from exc


def _sniffed_separator(path: Path) -> str:
    """The separator that cuts each of the first lines into equally many fields, the most of them.

    Where none does, the one most frequent in the first line, so that a ragged file is told so.
    """
    with _opened(path) as file:
        lines = list(itertools.islice(file, SNIFFED_LINES))
    fields: dict[str, int] = {}
    for separator in SEPARATORS:
        rows = list(csv.reader(lines, delimiter=separator, skipinitialspace=True))
        if len(lines) == SNIFFED_LINES:
            rows.pop()  # a quoted field may go on behind the last line read
        counts = {len(row) for row in rows if not _is_blank(row)}
        if len(counts) == 1:
            fields[separator] = counts.pop()
    best = max(fields, key=lambda separator: fields[separator], default=",")
    if fields.get(best, 1) > 1 or not lines:
        return best
    return max(SEPARATORS, key=lambda separator: lines[0].count(separator))


def _checked_layout(path: Path, separator: str, *, header: bool) -> TextLayout:
    """pandas fills short rows with missing values and takes the first column of long ones for an index, both
    without a word: so each row is counted here.
    """
    with _opened(path) as file:
        reader = csv.reader(file, delimiter=separator, skipinitialspace=True, strict=True)
        try:
            first = next((row for row in reader if not _is_blank(row)), None)
            if first is None:
                raise DataError(f"{path} is empty; expected a line of column names and rows below it")
            rows, second = (0 if header else 1), None
            for row in reader:
                if _is_blank(row):
                    continue
                if len(row) != len(first):
                    raise DataError(
                        f"{path}, line {reader.line_num}: {len(row)} fields where the first line has "
                        f"{len(first)}, separated by {separator!r}; correct the line, quote fields that hold "
                        "the separator, or set another separator"
                    )
                second = second or row
                rows += 1
        except csv.Error as exc:
            raise DataError(
                f"{path}, line {reader.line_num}: {exc}; look for a quote that is not closed"
            ) from exc
    _refuse_wrong_header(path, first, second, header=header)
    names = tuple(
        (_one_line(name) or f"{UNNAMED} {index}") if header else str(index)
        for index, name in enumerate(first)
    )
    refuse_duplicates(names, path)
    return TextLayout(separator, names, rows)


def _one_line(name: str) -> str:
    """A column's name without the line ends that a quoted name may hold: one can type it, and print it."""
    return re.sub(r"\s*[\r\n]+\s*", " ", name.strip())


def _refuse_wrong_header(path: Path, first: list[str], second: list[str] | None, *, header: bool) -> None:
    numbers = [_is_number(field) for field in first]
    counted = first in ([str(i) for i in range(len(first))], [str(i + 1) for i in range(len(first))])
    if header and all(numbers) and not counted:
        raise DataError(
            f"the first line of {path} holds numbers only ({listed(tuple(first))}), not column names; "
            "add a line of names, or say that there is no header (--no-header)"
        )
    if not header and second is not None and not any(numbers) and any(map(_is_number, second)):
        raise DataError(
            f"the first line of {path} holds text ({listed(tuple(first))}) where the second holds numbers: "
            "it looks like column names; leave --no-header out"
        )


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return field not in MISSING


def _is_blank(row: list[str]) -> bool:
    """An empty line, which pandas skips as well."""
    return len(row) <= 1 and not any(row)


def _opened(path: Path) -> TextIO:
    return path.open(encoding="utf-8-sig", newline="")
