"""Tables: CSV and other separated text, and Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from search.data import dates
from search.data.raw import Array, RawData, Table, TableColumn
from search.data.request import DataRequest
from search.data.separated import MISSING, UNNAMED, listed, refuse_duplicates, text_layout
from search.data.targets import encode_target
from search.errors import DataError
from spaces.errors import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
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
    _refuse_target(request, layout.names, read_as if len(layout.names) == 1 else "")
    try:
        frame = pd.read_csv(
            path,
            sep=layout.separator,
            header=None,
            names=list(layout.names),
            skiprows=layout.header_lines,
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
    return _raw_table(frame, request)


def read_parquet(request: DataRequest) -> RawData:
    """A Parquet file; dates and times become ISO text, decimals numbers.

    Raises:
        DataError: the file is broken or empty, or the target does not fit.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(request.source)
    try:
        arrow = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as exc:
        raise DataError(f"{path} is not a sound Parquet file ({str(exc).strip()}); write it again") from exc
    names = tuple(str(name) for name in arrow.column_names)
    refuse_duplicates(names, path)
    _refuse_target(request, names, "")
    nested = [field.name for field in arrow.schema if _is_nested(field.type)]
    if request.target in nested:
        raise DataError(
            f"target '{request.target}' of {path} holds lists, structures or bytes, not one value"
        )
    notes = [f"column '{name}' is dropped: lists, structures and bytes are not used" for name in nested]
    # pandas saves the index of a filtered frame under this name: row numbers, of no use.
    index = [name for name in names if name.startswith("__index_level_")]
    return _raw_table(arrow.drop_columns([*nested, *index]).to_pandas(ignore_metadata=True), request, notes)


def _is_nested(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _refuse_target(request: DataRequest, names: tuple[str, ...], read_as: str) -> None:
    """A table needs a target among its columns, and other columns beside it."""
    source, target = request.source, request.target
    if target is None:
        raise DataError(
            f"{source} is a table, so it needs a target (--target COLUMN); its columns are {listed(names)}"
            + read_as
        )
    if target not in names:
        numbered = "" if request.header else f"; without a header the columns are 0 to {len(names) - 1}"
        raise DataError(
            f"{source} has no column '{target}'{did_you_mean(target, names)}; it has {listed(names)}"
            + (numbered or read_as)
        )
    if len(names) == 1:
        raise DataError(
            f"{source} has only the column '{target}'; a target needs other columns to be learnt from{read_as}"
        )


def _raw_table(frame: pd.DataFrame, request: DataRequest, notes: list[str] | None = None) -> RawData:
    """Cut the target off a frame, drop rows without it, and give each column its kind."""
    notes = list(notes or [])
    target_name = str(request.target)
    if len(frame) == 0:
        raise DataError(f"{request.source} has column names but no rows below them")
    known = frame[target_name].notna().to_numpy()
    if not known.all():
        frame = frame[known]
        missing = int((~known).sum())
        notes.append(f"{missing:,} rows are left out: they have no value in the target '{target_name}'")
    target = encode_target(
        _target_labels(frame[target_name]),
        task=request.task,
        name=f"target '{target_name}' of {request.source}",
    )
    columns: dict[str, TableColumn] = {}
    for name in map(str, frame.columns):
        if name == target_name:
            continue
        column, note = _typed(name, frame[name])
        if name.startswith(UNNAMED) and _counts_rows(column):
            note = "the column without a name is dropped: it counts the rows"
        else:
            columns[name] = column
        if note:
            notes.append(note)
    if not columns:
        raise DataError(f"{request.source} has no column to learn the target '{target_name}' from")
    return RawData(
        request=request,
        kind="table",
        task=target.task,
        x=Table(columns),
        y=target.y,
        class_names=target.class_names,
        target=target_name,
        notes=(*notes, *target.notes),
    )


def _target_labels(series: pd.Series[Any]) -> Array:
    import pandas as pd

    if pd.api.types.is_bool_dtype(series.dtype):
        return series.to_numpy(dtype=np.bool_)
    if pd.api.types.is_integer_dtype(series.dtype):
        return series.to_numpy(dtype=np.int64)
    if pd.api.types.is_float_dtype(series.dtype) or pd.api.types.infer_dtype(series) == "decimal":
        return series.to_numpy(dtype=np.float64)
    return series.to_numpy(dtype=object)


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
    missing = series.isna().to_numpy()
    values = series.to_numpy(dtype=object)
    text = np.array(
        ["" if gone else str(value) for value, gone in zip(values, missing, strict=True)], dtype=object
    )
    text[np.isin(text, MISSING)] = ""
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


def _counts_rows(column: TableColumn) -> bool:
    """Row numbers, as pandas writes them beside a table: of no use, and they tell how the file was sorted."""
    return column.kind == "number" and bool((np.diff(column.values) > 0).all())


def _number(name: str, values: Array) -> tuple[TableColumn, str]:
    infinite = int(np.isinf(values).sum())
    note = f"column '{name}' has {infinite:,} infinite values: taken as missing" if infinite else ""
    return TableColumn("number", values), note
