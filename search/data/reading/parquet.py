"""Parquet files: types as they are stored, with whole numbers of 64 bits and decimals kept to the last digit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from search.data.columns.targets import Target, encode_target
from search.data.reading.parquet_columns import ParquetColumns, is_binary, with_text
from search.data.reading.said_columns import said_columns
from search.data.reading.side_files import refuse_lacking, sides_of
from search.data.reading.table import (
    left_out,
    raw_table,
    read_targets,
    targets_among,
    written_target,
)
from search.data.rows.raw import Array, RawData
from search.data.rows.request import SPLIT_COLUMNS, DataRequest
from search.errors import DataError

PARQUET_SUFFIXES = (".parquet", ".parq", ".pq")
# pandas saves the index of a filtered frame under this name: row numbers, of no use.
PANDAS_INDEX = "__index_level_"


def read_parquet(request: DataRequest) -> RawData:
    """A Parquet file; dates and times become ISO text, decimals numbers, bytes that are UTF-8 text.

    Raises:
        DataError: the file is damaged or empty, or the target does not fit.
    """
    path = Path(request.source)
    columns = ParquetColumns(request)
    targets = targets_among(request, columns.names, "")
    said = said_columns(request, columns.names)
    needed, notes = refuse_lacking(request, columns.names_of_each, said)
    for file, rows in zip(request.files, columns.rows, strict=True):
        if rows == 0:
            raise DataError(f"{file} has column names but no rows below them")
    columns.keep(needed if len(request.files) > 1 else columns.names)
    unused = _unused(columns)
    for name in targets:
        if name in unused:
            raise DataError(f"target '{name}' of {path} holds lists, structures or bytes, not one value")
    named = {*said, request.group, request.time, request.split_column, request.weight}
    notes += [
        f"column '{name}' is dropped: lists, structures and bytes are not used"
        for name in unused
        if name not in named
    ]
    _refuse_unused(unused, request, said, path)
    index = [
        name
        for name in columns.names
        if name.startswith(PANDAS_INDEX) and name not in targets and name not in named
    ]
    target, known, of_target = read_targets(
        lambda of_one: _target(_with_text(columns, str(of_one.target)), of_one), targets, request
    )
    columns.drop({*unused, *index, *targets, *(name for name, use in said.items() if use == "drop")})
    sides = sides_of(request, columns.rows)
    return raw_table(columns, known, target, request, [*notes, *of_target], said, sides)


def _unused(columns: ParquetColumns) -> list[str]:
    """Columns that hold no single values: lists, structures, and bytes that are no text."""
    import pyarrow as pa

    return [
        name
        for name, kind in columns.types().items()
        if pa.types.is_nested(kind) or (is_binary(kind) and with_text(columns.arrow([name]))[1])
    ]


def _with_text(columns: ParquetColumns, name: str) -> Any:
    return with_text(columns.arrow([name]))[0].column(name)


def _refuse_unused(unused: list[str], request: DataRequest, said: Mapping[str, str], path: Path) -> None:
    uses = dict(said) | {
        name: option
        for option in (*SPLIT_COLUMNS, "weight")
        if (name := getattr(request, option)) is not None
    }
    for name in unused:
        if (use := uses.get(name, "drop")) != "drop":
            raise DataError(
                f"--{use.replace('_', '-')}: column '{name}' of {path} holds lists, structures or bytes, not one "
                "value a row"
            )


def _target(column: Any, request: DataRequest) -> tuple[Target, Array, list[str]]:
    """The target, where it has a value, bool (rows,), and notes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if pa.types.is_decimal(kind):
        return written_target(column.cast(pa.string()).to_pandas(), request)
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        missing = pc.is_null(column, nan_is_null=pa.types.is_floating(kind))
        known = ~missing.to_numpy()
        # By NumPy and without gaps: whole numbers stay whole whatever their sign and size.
        labels = column.filter(pc.invert(missing)).to_numpy()
        target = encode_target(
            labels, task=request.task, name=f"target '{request.target}' of {request.source}"
        )
        return target, known, left_out(known, request)
    return written_target(column.to_pandas(ignore_metadata=True), request, typed_as_text=True)
