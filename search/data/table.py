"""Tables: CSV and other separated text, and Parquet."""

from __future__ import annotations

import codecs
import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from search.data import dates
from search.data.raw import Array, RawData, Table, TableColumn
from search.data.request import DataRequest
from search.data.targets import encode_target
from search.errors import DataError
from spaces.errors import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
SEPARATORS = ",;\t|"
MISSING = ("", "NA", "null", "?", "NaN", "nan")
BOOLEANS = {"true": 1.0, "True": 1.0, "TRUE": 1.0, "false": 0.0, "False": 0.0, "FALSE": 0.0}


def read_text_table(request: DataRequest) -> RawData:
    """Separated text in UTF-8, one row a line; empty, NA, null, ? and NaN are missing.

    Raises:
        DataError: the file is empty, binary, not UTF-8 or ragged, or the target does not fit.
    """
    import pandas as pd

    path = Path(request.source)
    _refuse_other_encodings(path)
    separator = request.separator or _sniffed_separator(path)
    names, rows = _checked_shape(path, separator, header=request.header)
    if request.target is None and len(names) > 1:
        raise _no_target(request.source, names)
    try:
        frame = pd.read_csv(
            path,
            sep=separator,
            header=None,
            names=names,
            skiprows=_lines_before_data(path, separator) if request.header else 0,
            index_col=False,
            na_values=list(MISSING),
            keep_default_na=False,
            skipinitialspace=True,
            low_memory=False,
            encoding="utf-8-sig",
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as exc:
        raise DataError(f"{path} cannot be read as a table: {str(exc).strip()}") from exc
    if len(frame) != rows:
        raise DataError(
            f"{path}: {rows:,} rows were counted but {len(frame):,} read; look for stray quotes in its fields"
        )
    return _raw_table(frame, request, separator=separator)


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
    names = [str(name) for name in arrow.column_names]
    _refuse_duplicates(names, path)
    if request.target is None:
        raise _no_target(request.source, names)
    if request.target in names and _is_nested(arrow.schema.field(request.target).type):
        raise DataError(
            f"target '{request.target}' of {path} holds lists or structures; a target is one value"
        )
    nested = [field.name for field in arrow.schema if _is_nested(field.type)]
    dropped = [*nested, *(name for name in names if name == "__index_level_0__")]
    frame = arrow.drop_columns(dropped).to_pandas(ignore_metadata=True, strings_to_categorical=False)
    notes = [f"column '{name}' is dropped: lists, structures and bytes are not used" for name in nested]
    return _raw_table(frame, request, notes=notes)


def _is_nested(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _raw_table(
    frame: pd.DataFrame, request: DataRequest, *, separator: str = "", notes: list[str] | None = None
) -> RawData:
    """Cut the target off a frame, drop rows without it, and give each column its kind."""
    notes = notes or []
    names = [str(name) for name in frame.columns]
    name = request.target if request.target is not None else names[0]
    if name not in names:
        hint = "" if request.header else f"; without a header the columns are 0 to {len(names) - 1}"
        if separator and len(names) == 1:
            hint = f"; it was read with separator {separator!r}, set another one if that is wrong"
        raise DataError(
            f"{request.source} has no column '{name}'{did_you_mean(name, names)}; it has {_listed(names)}{hint}"
        )
    if len(names) == 1:
        raise DataError(
            f"{request.source} has only the column '{name}'; a target needs other columns to be learnt from"
            + (
                f" (it was read with separator {separator!r}; set another one if that is wrong)"
                if separator
                else ""
            )
        )
    if len(frame) == 0:
        raise DataError(f"{request.source} has column names but no rows")
    known = frame[name].notna().to_numpy()
    if not known.all():
        frame = frame[known]
        notes.append(f"{int((~known).sum()):,} rows are left out: they have no value in the target '{name}'")
    target = encode_target(
        _target_labels(frame[name]), task=request.task, name=f"target '{name}' of {request.source}"
    )
    columns: dict[str, TableColumn] = {}
    for column in names:
        if column != name:
            columns[column], note = _typed(column, frame[column])
            if note:
                notes.append(note)
    return RawData(
        request=request,
        kind="table",
        task=target.task,
        x=Table(columns),
        y=target.y,
        class_names=target.class_names,
        target=name,
        notes=(*notes, *target.notes),
    )


def _target_labels(series: pd.Series[Any]) -> Array:
    import pandas as pd

    if pd.api.types.is_bool_dtype(series.dtype):
        return series.to_numpy(dtype=np.bool_)
    if pd.api.types.is_integer_dtype(series.dtype):
        return series.to_numpy(dtype=np.int64)
    if pd.api.types.is_float_dtype(series.dtype):
        return series.to_numpy(dtype=np.float64)
    decimals = pd.api.types.infer_dtype(series) == "decimal"
    return series.to_numpy(dtype=np.float64 if decimals else object)


def _typed(name: str, series: pd.Series[Any]) -> tuple[TableColumn, str]:
    """A column with its kind, and a note where the reading was a decision."""
    import pandas as pd

    dtype = series.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return TableColumn("boolean", series.astype("float64").to_numpy(dtype=np.float64)), ""
    if pd.api.types.is_numeric_dtype(dtype):
        return _number(name, series.to_numpy(dtype=np.float64, na_value=np.nan))
    missing = series.isna().to_numpy()
    if pd.api.types.is_datetime64_any_dtype(dtype):
        series = series.dt.strftime("%Y-%m-%dT%H:%M:%S")
    elif pd.api.types.is_timedelta64_dtype(dtype):
        return _number(name, series.dt.total_seconds().to_numpy(dtype=np.float64))
    inferred = pd.api.types.infer_dtype(series, skipna=True)
    if inferred == "decimal":
        return _number(name, series.to_numpy(dtype=np.float64, na_value=np.nan))
    text = np.array(
        ["" if gone else str(value) for value, gone in zip(series, missing, strict=True)], dtype=object
    )
    text[np.isin(text, MISSING)] = ""
    present = text[text != ""]
    distinct = list(dict.fromkeys(present.tolist()))
    if distinct and all(value in BOOLEANS for value in distinct):
        return TableColumn("boolean", np.array([BOOLEANS.get(value, np.nan) for value in text])), ""
    numbers = pd.to_numeric(pd.Series(present), errors="coerce") if inferred != "string" or distinct else None
    if numbers is not None and len(numbers) and bool(numbers.notna().all()) and inferred != "boolean":
        values = np.full(len(text), np.nan)
        values[text != ""] = numbers.to_numpy(dtype=np.float64)
        return _number(name, values)
    template, ambiguous = dates.recognise(distinct)
    if template is None:
        return TableColumn("category", text), ""
    note = f"column '{name}' could be day or month first: taken as {template}" if ambiguous else ""
    return TableColumn("date", text, template), note


def _number(name: str, values: Array) -> tuple[TableColumn, str]:
    infinite = int(np.isinf(values).sum())
    note = f"column '{name}' has {infinite:,} infinite values: taken as missing" if infinite else ""
    return TableColumn("number", values), note


def _refuse_other_encodings(path: Path) -> None:
    """UTF-8 text only: a wrong guess would turn category names into others without a word."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    position = 0
    try:
        with path.open("rb") as file:
            start = file.read(4)
            file.seek(0)
            if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                raise DataError(
                    f"{path} is UTF-16 text; convert it to UTF-8: iconv -f UTF-16 -t UTF-8 {path.name} > utf8.csv"
                )
            while block := file.read(1 << 20):
                if b"\0" in block:
                    raise DataError(
                        f"{path} is not text: byte {position + block.index(0):,} is zero; "
                        "expected a table as text (or name a Parquet file .parquet)"
                    )
                pending = len(decoder.getstate()[0])
                decoder.decode(block)
                position += len(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as exc:
        offset = position - pending + exc.start if position else exc.start
        raise DataError(
            f"{path} is not UTF-8 text (byte {offset:,} is 0x{exc.object[exc.start]:02x}); "
            f"convert it, for instance: iconv -f LATIN1 -t UTF-8 {path.name} > utf8.csv"
        ) from exc
    except OSError as exc:
        raise DataError(f"{path} cannot be read: {exc.strerror or exc}") from exc


def _sniffed_separator(path: Path) -> str:
    """The separator that cuts the first lines into equally many fields, the most of them; a comma where none does."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = [line for _, line in zip(range(50), iter(lambda: file.readline(1 << 20), ""), strict=False)]
    best, most = ",", 1
    for separator in SEPARATORS:
        try:
            counts = {
                len(row) for row in csv.reader(lines, delimiter=separator, skipinitialspace=True) if row
            }
        except csv.Error:
            continue
        # A ragged file still has a separator: its most promising is the one with most fields in the first line.
        fields = counts.pop() if len(counts) == 1 else 0
        if fields > most:
            best, most = separator, fields
    if most == 1 and lines:
        return max(SEPARATORS, key=lambda separator: lines[0].count(separator))
    return best


def _rows(file: Any, separator: str) -> Any:
    return csv.reader(file, delimiter=separator, skipinitialspace=True, strict=True)


def _checked_shape(path: Path, separator: str, *, header: bool) -> tuple[list[str], int]:
    """Column names and the number of rows, after each row was found to have as many fields as there are names.

    pandas fills short rows with missing values and takes the first column of long ones for an index, both silently.
    """
    limit = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = _rows(file, separator)
            first = next((row for row in reader if row), None)
            if first is None:
                raise DataError(f"{path} is empty; expected a line of column names and rows below it")
            count, second = 0 if header else 1, None
            for row in reader:
                if len(row) != len(first):
                    if not row:
                        continue
                    raise DataError(
                        f"{path}, line {reader.line_num}: {len(row)} fields where the first line has {len(first)}, "
                        f"separated by {separator!r}; correct the line, quote fields that hold the separator, "
                        "or set another separator"
                    )
                second = second or row
                count += 1
    except csv.Error as exc:
        raise DataError(
            f"{path}, line {reader.line_num}: {exc}; look for a quote that is not closed"
        ) from exc
    finally:
        csv.field_size_limit(limit)
    names = [name.strip() for name in first] if header else [str(index) for index in range(len(first))]
    _refuse_wrong_header(path, first, second, header=header)
    _refuse_duplicates(names, path)
    return names, count


def _refuse_wrong_header(path: Path, first: list[str], second: list[str] | None, *, header: bool) -> None:
    numbers = [_is_number(field) for field in first]
    counted = first in ([str(i) for i in range(len(first))], [str(i + 1) for i in range(len(first))])
    if header and all(numbers) and not counted:
        raise DataError(
            f"the first line of {path} holds numbers only ({_listed(first)}), not column names; "
            "add a line of names, or say that there is no header (--no-header)"
        )
    if not header and second is not None and not any(numbers):
        changed = sum(_is_number(field) for field in second)
        if changed:
            raise DataError(
                f"the first line of {path} holds text ({_listed(first)}) where the second holds numbers: "
                "it looks like column names; leave --no-header out"
            )


def _lines_before_data(path: Path, separator: str) -> int:
    """How many lines the header takes, with empty lines above it; a quoted name may hold line breaks."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = _rows(file, separator)
        for row in reader:
            if row:
                break
        return int(reader.line_num)


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return field not in MISSING


def _refuse_duplicates(names: list[str], path: Path) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(f"{path} has two columns named '{name}'; rename or remove one")
        seen.add(name)


def _no_target(source: str, names: list[str]) -> DataError:
    return DataError(
        f"{source} is a table, so it needs a target (--target COLUMN); its columns are {_listed(names)}"
    )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:20])
    return f"{shown} and {len(names) - 20:,} more" if len(names) > 20 else shown
