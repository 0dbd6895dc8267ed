"""Tables of separated text: CSV and its kin."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.data.columns.missing import MISSING
from search.data.columns.numbers import is_number
from search.data.reading.said_columns import said_columns
from search.data.reading.separated import BLANKS, TextLayout, text_layout
from search.data.reading.side_files import refuse_lacking, sides_of
from search.data.reading.table import raw_table, read_targets, targets_among, written_target
from search.data.reading.text_columns import JoinedColumns, TextColumns
from search.data.rows import scratch
from search.data.rows.notes import listed
from search.data.rows.raw import RawData
from search.data.rows.request import DataRequest
from search.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

# Of a field while pandas reads it: its text, where that is, and what becomes of it.
_BYTES_OF_A_FIELD = 24
# Of a large file at a time, however many columns it has.
_FEWEST_AT_ONCE = 100
TEXT_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".data", ".dat", ".gz", ".bz2", ".xz", ".zip")


def read_text_table(request: DataRequest) -> RawData:
    """Separated text in UTF-8, one row a line; empty, NA, null, ? and NaN are missing.

    Raises:
        DataError: the file is empty, not UTF-8 or ragged, or the target does not fit.
    """
    layouts = [text_layout(Path(file), request) for file in request.files]
    layout = layouts[0]
    read_as = f" (it was read with separator {layout.separator!r}; set another one if that is wrong)"
    targets = targets_among(request, layout.names, read_as if len(layout.names) == 1 else "")
    said = said_columns(request, layout.names)
    needed, notes = refuse_lacking(request, [one.names for one in layouts], said)
    as_text = {*targets, *_as_written(said, request)}
    frames = [_frame(one, request, as_text, targets) for one in layouts]
    if differing := _differing(frames, needed):
        # What is text in one file is so in all: 1.0 of a column with gaps is not another category than 1.
        frames = [_frame(one, request, as_text | differing, targets) for one in layouts]
    frame = _joined(frames, needed)
    target, known, of_target = read_targets(
        lambda of_one: written_target(frame.pop(str(of_one.target)), of_one), targets, request
    )
    notes = [*notes, *of_target, *_names_like_values(layout.names, header=request.header)]
    return raw_table(
        frame, known, target, request, notes, said, sides_of(request, [one.rows for one in layouts])
    )


def _frame(
    layout: TextLayout, request: DataRequest, as_text: Collection[str], targets: Collection[str]
) -> Any:
    """One file, with the columns of `as_text` as they are written: a DataFrame, or `TextColumns` of a large file."""
    import pandas as pd

    path, rows, names = layout.file.path, layout.rows, layout.names
    if rows == 0:
        raise DataError(f"{path} has column names but no rows below them")
    at_once = max(_FEWEST_AT_ONCE, scratch.KEPT_IN_MEMORY // (_BYTES_OF_A_FIELD * len(names)))
    read = partial(_pieces, layout, request, as_text, targets)
    try:
        if rows > at_once:
            frame: Any = TextColumns(names, rows, lambda only: read(only, at_once))
            found = frame.read
        else:
            frame = next(read(None, None))
            found = len(frame)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as exc:
        raise DataError(f"{path} cannot be read as a table: {str(exc).strip()}") from exc
    if found != rows:
        raise DataError(f"{path}: {rows:,} rows were counted but {found:,} read; look for stray quotes in it")
    return frame


def _pieces(
    layout: TextLayout,
    request: DataRequest,
    as_text: Collection[str],
    targets: Collection[str],
    only: Mapping[str, Any] | None,
    at_once: int | None,
) -> Iterator[pd.DataFrame]:
    """So many rows at a time, or all; `only` these columns, as `ReadPieces` has it, where some are named."""
    import pandas as pd

    types = {name: kind for name, kind in (only or {}).items() if kind is not None}
    if only is not None and not types:
        at_once = None
    with layout.file.binary() as content:
        read: Any = pd.read_csv(
            content,
            **how_to_read(layout, header=request.header),
            usecols=None if only is None else list(only),
            # Labels are exact: a number of many digits, or a gap among whole numbers, must not change them.
            dtype=dict.fromkeys((name for name in layout.names if name in as_text), str) | types,
            # Of targets too, but there by `written_target`, which tells the words.
            na_values={name: list(MISSING) for name in layout.names if name not in targets},
            chunksize=at_once,
        )
        yield from [read] if at_once is None else read


def _differing(frames: Sequence[Any], needed: Sequence[str]) -> set[str]:
    """Columns that are numbers or booleans in one file and not in another."""
    if len(frames) == 1:
        return set()
    kinds = {
        name: {"number" if (kind := frame[name].dtype.kind) in "iuf" else kind for frame in frames}
        for name in needed
    }
    return {name for name, found in kinds.items() if len(found) > 1}


def _joined(frames: Sequence[Any], needed: Sequence[str]) -> Any:
    import pandas as pd

    if len(frames) == 1:
        return frames[0]
    if all(isinstance(frame, pd.DataFrame) for frame in frames):
        return pd.concat([frame[list(needed)] for frame in frames], ignore_index=True)
    return JoinedColumns(list(frames), list(needed))


def _as_written(said: Mapping[str, str], request: DataRequest) -> list[str]:
    """Columns whose texts matter, numbers or not: the category 01 stays 01."""
    of_split = [name for name in (request.group, request.split_column) if name is not None]
    return [*of_split, *(name for name, use in said.items() if use in ("category", "date", "text"))]


def how_to_read(layout: TextLayout, *, header: bool) -> dict[str, Any]:
    """Arguments of pandas.read_csv that do not depend on what is in the columns."""
    return {
        "sep": r"\s+" if layout.separator == BLANKS else layout.separator,
        "skiprows": layout.skipped_lines,
        "header": 0 if header else None,
        "names": list(layout.names),
        "index_col": False,
        "keep_default_na": False,
        "skipinitialspace": True,
        "low_memory": False,
        "encoding": "utf-8-sig",
    }


def _names_like_values(names: tuple[str, ...], *, header: bool) -> list[str]:
    """A note where most names are numbers with a fraction among them: the first line is perhaps a row.

    Years are names, and so are the rising wavelengths of spectra.
    """
    numbers = [float(name) for name in names if is_number(name)]
    rising = all(low < high for low, high in itertools.pairwise(numbers))
    fractions = any(is_number(name) and "." in name for name in names)
    if not header or rising or not fractions or 2 * len(numbers) <= len(names):
        return []
    return [
        f"the first line, {listed(names)}, is taken as names of columns; if it holds values, say --no-header"
    ]
