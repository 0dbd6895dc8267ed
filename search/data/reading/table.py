"""What every table is held to and becomes, whatever file it comes from: target, columns, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from search.data.columns.kinds import typed
from search.data.columns.numbers import is_number
from search.data.columns.row_numbers import are_row_numbers, counts_rows, has_no_name
from search.data.columns.said_kinds import SaidKind, typed_as
from search.data.columns.several_targets import joined_targets
from search.data.columns.targets import Target, encode_target, encode_written_target
from search.data.columns.texts import Texts, texts_of
from search.data.columns.weights import read_weights, refuse_weightless
from search.data.columns.written_numbers import plain_numbers
from search.data.reading.frames import Columns
from search.data.reading.said_columns import names_in, said_note
from search.data.reading.split_columns import marked, split_marks
from search.data.rows import scratch
from search.data.rows.notes import ColumnNotes, listed
from search.data.rows.raw import Array, RawData, Table, TableColumn
from search.data.rows.request import DataRequest
from search.data.rows.scratch import Scratch
from search.data.rows.stored_columns import stored
from search.errors import DataError
from spaces.errors import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

MOST_COLUMNS = 25_000
# Of a column in memory: a number, or where its text is.
_BYTES_OF_A_VALUE = 8


def written_target(
    series: pd.Series[Any], request: DataRequest, *, typed_as_text: bool = False
) -> tuple[Target, Array, list[str]]:
    """A target of text, where it has a value, bool (rows,), and notes on what was left out.

    `typed_as_text`: the file has types, so text is classes even where all of it are plain numbers.
    """
    name = f"target '{request.target}' of {request.source}"
    texts = texts_of(series)
    text, notes, written = plain_numbers(texts, task=request.task, name=name)
    known = text != ""
    words = _missing_words(texts)
    notes += [note + words for note in left_out(known, request)]
    if words and len(set(text[known].tolist())) < 2:
        raise DataError(f"{name} has fewer than two values{words}; write another word where one is a class")
    in_another_form = bool((text[known] != texts.each(str)[known]).any())
    encode = encode_target if typed_as_text and not in_another_form else encode_written_target
    target = encode(text[known], task=request.task, name=name)
    if target.task != "regression" and (changed := texts.blanks.total()):
        notes.append(
            f"blanks around {changed:,} values of the target '{request.target}' are left out: "
            "what differs by them alone is one class"
        )
    return replace(target, written=written if target.task == "regression" else ""), known, notes


def read_targets(
    read: Callable[[DataRequest], tuple[Target, Array, list[str]]], names: Sequence[str], request: DataRequest
) -> tuple[Target, Array, list[str]]:
    """The target, or several together, where all have a value, bool (rows,), and notes.

    `read` has that of one, of a request that names it alone.
    """
    found = {name: read(replace(request, target=name)) for name in names}
    notes = [note for *_, of_one in found.values() for note in of_one]
    if len(names) == 1:
        return *found[names[0]][:2], notes
    return *joined_targets({name: one[:2] for name, one in found.items()}, request.source), notes


def _missing_words(texts: Texts) -> str:
    """Which words of a target count as missing and in how many rows, for a message; "" where there are none."""
    told = [f"'{word}' ({count:,})" for word, count in texts.words.most_common() if word][:5]
    return f"; {', '.join(told)} stands for missing" if told else ""


def left_out(known: Array, request: DataRequest) -> list[str]:
    """A note where rows have no target; `known` is bool (rows,)."""
    if known.all():
        return []
    missing = int((~known).sum())
    rows = "1 row is left out: it has" if missing == 1 else f"{missing:,} rows are left out: they have"
    return [f"{rows} no value in the target '{request.target}'"]


def refuse_duplicates(names: tuple[str, ...], path: Path) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(f"{path} has two columns named '{name}'; rename or remove one")
        seen.add(name)


def refuse_too_many(count: int, path: Path) -> None:
    """Each column becomes an input of the exported model by name, which takes Keras some milliseconds."""
    if count > MOST_COLUMNS:
        raise DataError(
            f"{path} has {count:,} columns, and a table may have {MOST_COLUMNS:,}: an exported model has an input "
            "for each by name; save numbers as one array, np.savez('rows.npz', x=…, y=…), or choose columns"
        )


def targets_among(request: DataRequest, names: tuple[str, ...], read_as: str) -> list[str]:
    """The target, or several, among the columns of a table, which needs one and other columns beside it.

    Raises:
        DataError: there is none, or not such a one, or nothing else.
    """
    source, target = request.source, request.target
    if target is None:
        raise DataError(
            f"{source} is a table, so it needs a target (--target COLUMN); its columns are {listed(names)}"
            + read_as
        )
    targets = names_in(target, names)
    for one in targets:
        _refuse_no_column(one, request, names, read_as)
        if targets.count(one) > 1:
            raise DataError(f"target '{target}' names column '{one}' twice; name it once")
    if len(names) == len(targets):
        only = f"the column '{target}'" if len(targets) == 1 else f"the columns {listed(names)}"
        raise DataError(f"{source} has only {only}; a target needs other columns to be learnt from{read_as}")
    return targets


def _refuse_no_column(target: str, request: DataRequest, names: tuple[str, ...], read_as: str) -> None:
    if target not in names:
        numbered = "" if request.header else f"; without a header the columns are 0 to {len(names) - 1}"
        if request.header and any(map(is_number, names)):
            numbered = "; if its first line holds values and no names, say so (--no-header)"
        raise DataError(
            f"{request.source} has no column '{target}'{did_you_mean(target, names)}; it has {listed(names)}"
            + (numbered or read_as)
        )


def raw_table(
    frame: Columns,
    known: Array,
    target: Target,
    request: DataRequest,
    notes: list[str],
    said: Mapping[str, str],
    sides: Array | None = None,
) -> RawData:
    """The columns of a frame, each of its kind, beside the target of the rows where it is `known`, bool (rows,).

    Where all of them would be too much for memory, they are kept on disk. The frame is without the target, and has the
    rows without one: row numbers are those of the whole file. `said` is what the user says of columns, as
    `said_columns` has it; `sides` which rows are of files of their own.
    """
    marks = split_marks(frame, request, said, sides)
    weights = _weights(frame, known, request)
    columns: dict[str, TableColumn] = {}
    stripped: list[str] = []
    of_columns = ColumnNotes()
    on_disk = Scratch() if _BYTES_OF_A_VALUE * math.prod(frame.shape) > scratch.KEPT_IN_MEMORY else None
    for label, series in frame.items():
        name = str(label)
        use = said.get(name)
        if use == "drop" or name in marks.not_features or name == request.weight:
            continue
        if use is None and _is_row_number(name, series, of_columns, header=request.header):
            continue
        series = series if known.all() else series[known]
        columns[name], blanks = (
            typed(name, series, of_columns)
            if use is None
            else typed_as(cast(SaidKind, use), name, series, of_columns)
        )
        if on_disk is not None:
            columns[name] = stored(columns[name], on_disk)
        if blanks:
            stripped.append(f"'{name}'")
    notes = [*notes, *said_note(said), *of_columns.texts()]
    if stripped:
        notes.append(
            f"blanks around values are left out in {listed(stripped)}: "
            "leave them out too in what an exported model is asked"
        )
    if not columns:
        raise DataError(f"{request.source} has no column to learn the target '{request.target}' from")
    raw = RawData(
        request=request,
        kind="table",
        task=target.task,
        x=Table(columns),
        y=target.y,
        class_names=target.class_names,
        target=", ".join(one.name for one in target.each) or request.target,
        target_written=target.written,
        targets=target.each,
        notes=(*notes, *target.notes),
        weights=weights,
    )
    return marked(raw, marks, known)


def _weights(frame: Columns, known: Array, request: DataRequest) -> Array | None:
    if request.weight is None:
        return None
    place = f"--weight: column '{request.weight}' of {request.source}"
    weights = read_weights(frame[request.weight][known], place)
    refuse_weightless(weights, place)
    return weights


def _is_row_number(name: str, series: pd.Series[Any], notes: ColumnNotes, *, header: bool) -> bool:
    """Whether a column is left out because it counts the rows under no name; one with a name is told."""
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(series.dtype) or pd.api.types.is_bool_dtype(series.dtype):
        return False
    values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    if has_no_name(name, header=header) and are_row_numbers(values, header=header):
        shown = f"'{name}'" if name.casefold().startswith("unnamed:") or not header else "without a name"
        notes.add("row numbers", f"the column {shown} is dropped: it counts the rows")
        return True
    if counts_rows(values):
        notes.add(
            "counts",
            f"column '{name}' counts the rows ({values.min():.0f} to {values.max():.0f}): it tells how the file is "
            "sorted, and nothing of a new row; leave it out by --drop, unless its order has a meaning",
        )
    return False
