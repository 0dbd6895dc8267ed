"""Tables: CSV and other separated text; what each column of a table holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from search.data import dates
from search.data.raw import Array, RawData, Table, TableColumn
from search.data.request import DataRequest
from search.data.separated import BLANKS, MISSING, UNNAMED, is_number, listed, text_layout
from search.data.targets import Target, encode_written_target
from search.errors import DataError
from spaces.errors import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

TEXT_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".data", ".dat", ".gz", ".bz2", ".xz", ".zip")
PARQUET_SUFFIXES = (".parquet", ".parq", ".pq")
BOOLEANS = {"true": 1.0, "True": 1.0, "TRUE": 1.0, "false": 0.0, "False": 0.0, "FALSE": 0.0}


def read_text_table(request: DataRequest) -> RawData:
    """Separated text in UTF-8, one row a line; empty, NA, null, ? and NaN are missing.

    Raises:
        DataError: the file is empty, not UTF-8 or ragged, or the target does not fit.
    """
    import pandas as pd

    path = Path(request.source)
    layout = text_layout(request)
    read_as = f" (it was read with separator {layout.separator!r}; set another one if that is wrong)"
    refuse_target(request, layout.names, read_as if len(layout.names) == 1 else "")
    try:
        with layout.file.binary() as content:
            frame = pd.read_csv(
                content,
                sep=r"\s+" if layout.separator == BLANKS else layout.separator,
                skiprows=layout.skipped_lines,
                header=0 if request.header else None,
                names=list(layout.names),
                # Labels are exact: a number of many digits, or a gap among whole numbers, must not change them.
                dtype={str(request.target): str},
                index_col=False,
                na_values=list(MISSING),
                keep_default_na=False,
                skipinitialspace=True,
                low_memory=False,
                encoding="utf-8-sig",
            )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as exc:
        if layout.rows == 0:
            raise DataError(f"{path} has column names but no rows below them") from exc
        raise DataError(f"{path} cannot be read as a table: {str(exc).strip()}") from exc
    if len(frame) != layout.rows:
        raise DataError(
            f"{path}: {layout.rows:,} rows were counted but {len(frame):,} read; look for stray quotes in it"
        )
    if layout.rows == 0:
        raise DataError(f"{path} has column names but no rows below them")
    text, known, notes = written_labels(frame.pop(str(request.target)), request)
    target = encode_written_target(
        text[known], task=request.task, name=f"target '{request.target}' of {request.source}"
    )
    return raw_table(frame if known.all() else frame[known], target, request, notes)


def written_labels(series: pd.Series[Any], request: DataRequest) -> tuple[Array, Array, list[str]]:
    """A target of text: as object array of str, where it has a value, and notes on what was left out."""
    text = _text(series)
    known = text != ""
    notes = left_out(known, request)
    if changed := _blanks_around(series, text):
        notes.append(
            f"blanks around {changed:,} values of the target '{request.target}' are left out: "
            "what differs by them alone is one class"
        )
    return text, known, notes


def left_out(known: Array, request: DataRequest) -> list[str]:
    """A note where rows have no target; `known` is bool (rows,)."""
    if known.all():
        return []
    missing = int((~known).sum())
    rows = "1 row is left out: it has" if missing == 1 else f"{missing:,} rows are left out: they have"
    return [f"{rows} no value in the target '{request.target}'"]


def refuse_target(request: DataRequest, names: tuple[str, ...], read_as: str) -> None:
    """A table needs a target among its columns, and other columns beside it."""
    source, target = request.source, request.target
    if target is None:
        raise DataError(
            f"{source} is a table, so it needs a target (--target COLUMN); its columns are {listed(names)}"
            + read_as
        )
    if target not in names:
        numbered = "" if request.header else f"; without a header the columns are 0 to {len(names) - 1}"
        if request.header and any(map(is_number, names)):
            numbered = "; if its first line holds values and no names, say so (--no-header)"
        raise DataError(
            f"{source} has no column '{target}'{did_you_mean(target, names)}; it has {listed(names)}"
            + (numbered or read_as)
        )
    if len(names) == 1:
        raise DataError(
            f"{source} has only the column '{target}'; a target needs other columns to be learnt from{read_as}"
        )


def raw_table(frame: pd.DataFrame, target: Target, request: DataRequest, notes: list[str]) -> RawData:
    """The columns of a frame, each of its kind, beside the target of its rows; the frame is without it."""
    columns: dict[str, TableColumn] = {}
    stripped: list[str] = []
    for name, series in frame.items():
        column, note = _typed(str(name), series)
        if str(name).startswith(UNNAMED) and _counts_rows(column):
            note = "the column without a name is dropped: it counts the rows"
        else:
            columns[str(name)] = column
        if column.kind == "category" and _blanks_around(series, column.values):
            stripped.append(f"'{name}'")
        if note:
            notes.append(note)
    if stripped:
        notes.append(
            f"blanks around values are left out in {listed(tuple(stripped))}: "
            "leave them out too in what an exported model is asked"
        )
    if not columns:
        raise DataError(f"{request.source} has no column to learn the target '{request.target}' from")
    return RawData(
        request=request,
        kind="table",
        task=target.task,
        x=Table(columns),
        y=target.y,
        class_names=target.class_names,
        target=request.target,
        notes=(*notes, *target.notes),
    )


def _typed(name: str, series: pd.Series[Any]) -> tuple[TableColumn, str]:
    """A column with its kind, and a note where the reading was a decision."""
    import pandas as pd

    dtype = series.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return TableColumn("boolean", series.to_numpy(dtype=np.float64)), ""
    if pd.api.types.is_numeric_dtype(dtype):
        return _number(name, series.to_numpy(dtype=np.float64, na_value=np.nan))
    if pd.api.types.is_timedelta64_dtype(dtype):
        return _number(name, series.dt.total_seconds().to_numpy(dtype=np.float64))
    if pd.api.types.infer_dtype(series, skipna=True) == "decimal":
        return _number(name, series.to_numpy(dtype=np.float64, na_value=np.nan))
    if pd.api.types.is_datetime64_any_dtype(dtype):
        series = series.dt.strftime("%Y-%m-%dT%H:%M:%S")
    text = _text(series)
    present = text[text != ""]
    distinct = list(dict.fromkeys(present.tolist()))
    if distinct and all(value in BOOLEANS for value in distinct):
        return TableColumn("boolean", np.array([BOOLEANS.get(value, np.nan) for value in text])), ""
    if distinct and not isinstance(dtype, pd.CategoricalDtype):
        # Text all the same: whole numbers beyond 64 bits, and numbers written as text into Parquet.
        numbers = pd.to_numeric(pd.Series(distinct), errors="coerce").to_numpy(dtype=np.float64)
        if not np.isnan(numbers).any():
            number_of = dict(zip(distinct, numbers.tolist(), strict=True))
            return _number(name, np.array([number_of.get(value, np.nan) for value in text]))
    template, ambiguous = dates.recognise(distinct)
    if template is None:
        return TableColumn("category", text), ""
    note = f"column '{name}' could be day or month first: taken as {template}" if ambiguous else ""
    return TableColumn("date", text, template), note


def _text(series: pd.Series[Any]) -> Array:
    """Values as text without the blanks around them, "" where missing; object (rows,)."""
    missing = series.isna().to_numpy()
    values = series.to_numpy(dtype=object)
    text = np.array(
        ["" if gone else str(value).strip() for value, gone in zip(values, missing, strict=True)],
        dtype=object,
    )
    text[np.isin(text, MISSING)] = ""
    return text


def _blanks_around(series: pd.Series[Any], text: Array) -> int:
    """In how many rows `_text` left out blanks around a value."""
    return sum(
        isinstance(value, str) and kept != "" and value != kept
        for value, kept in zip(series.to_numpy(dtype=object), text, strict=True)
    )


def _counts_rows(column: TableColumn) -> bool:
    """Row numbers, as pandas writes them beside a table: of no use, and they tell how the file was sorted."""
    return column.kind == "number" and bool((np.diff(column.values) > 0).all())


def _number(name: str, values: Array) -> tuple[TableColumn, str]:
    infinite = int(np.isinf(values).sum())
    note = f"column '{name}' has {infinite:,} infinite values: taken as missing" if infinite else ""
    return TableColumn("number", values), note
