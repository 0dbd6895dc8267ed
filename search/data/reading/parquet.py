"""Parquet files: types as they are stored, with whole numbers of 64 bits and decimals kept to the last digit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from search.data.columns.row_numbers import UNNAMED
from search.data.columns.targets import Target, encode_target
from search.data.reading.free_memory import refuse_more_than_memory
from search.data.reading.said_columns import said_columns
from search.data.reading.side_files import refuse_lacking, sides_of
from search.data.reading.table import (
    left_out,
    raw_table,
    read_targets,
    refuse_duplicates,
    refuse_too_many,
    targets_among,
    written_target,
)
from search.data.rows.raw import Array, RawData
from search.data.rows.request import SPLIT_COLUMNS, DataRequest
from search.errors import DataError

PARQUET_SUFFIXES = (".parquet", ".parq", ".pq")
# pandas saves the index of a filtered frame under this name: row numbers, of no use.
PANDAS_INDEX = "__index_level_"
# The least that a value takes while it is read: as stored, and as a column.
BYTES_PER_VALUE = 9


def read_parquet(request: DataRequest) -> RawData:
    """A Parquet file; dates and times become ISO text, decimals numbers, bytes that are UTF-8 text.

    Raises:
        DataError: the file is damaged or empty, or the target does not fit.
    """
    path = Path(request.source)
    tables = [_named(Path(file)) for file in request.files]
    names = tuple(tables[0].column_names)
    targets = targets_among(request, names, "")
    said = said_columns(request, names)
    needed, notes = refuse_lacking(request, [table.column_names for table in tables], said)
    for file, table in zip(request.files, tables, strict=True):
        if table.num_rows == 0:
            raise DataError(f"{file} has column names but no rows below them")
    arrow, unused = with_text(_joined(tables, needed, request))
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
        for name in arrow.column_names
        if name.startswith(PANDAS_INDEX) and name not in targets and name not in named
    ]
    target, known, of_target = read_targets(
        lambda of_one: _target(arrow[of_one.target], of_one), targets, request
    )
    frame = arrow.drop_columns([*unused, *index, *targets]).to_pandas(ignore_metadata=True)
    sides = sides_of(request, [table.num_rows for table in tables])
    return raw_table(frame, known, target, request, [*notes, *of_target], said, sides)


def _named(path: Path) -> Any:
    """The file as an Arrow table whose columns have names, each one of its own."""
    arrow = _read(path)
    return arrow.rename_columns(list(names_of(arrow.column_names, path)))


def _joined(tables: list[Any], needed: list[str], request: DataRequest) -> Any:
    """One below the other; numbers of other sizes go together, text and numbers do not."""
    import pyarrow as pa

    if len(tables) == 1:
        return tables[0]
    try:
        parts = [table.select(needed) for table in tables]
        return pa.concat_tables(parts, promote_options="permissive").unify_dictionaries()
    except pa.ArrowException as exc:
        files = " and ".join(request.files)
        raise DataError(
            f"columns of {files} are of types that do not go together ({str(exc).strip()}); save them with the "
            "same types"
        ) from exc


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


def names_of(stored: list[str], path: Path) -> tuple[str, ...]:
    """Names of all columns, also of those that are stored without one.

    Raises:
        DataError: two are the same.
    """
    names = tuple(name if name.strip() else f"{UNNAMED} {place}" for place, name in enumerate(stored))
    refuse_duplicates(names, path)
    return names


def _read(path: Path) -> Any:
    """The file as an Arrow table, once it is known to be a table of a size that memory holds."""
    import pyarrow.parquet as pq

    with sound(path):
        file = pq.ParquetFile(path)
        refuse_too_many(file.metadata.num_columns, path)
        # Repeated values are packed to next to nothing, so what is in the file says little.
        refuse_more_than_memory(
            file.metadata.num_rows * file.metadata.num_columns * BYTES_PER_VALUE,
            f"{path} ({file.metadata.num_rows:,} rows of {file.metadata.num_columns:,} columns)",
            "give it fewer rows or columns, or free memory",
        )
        table = file.read()
        table.validate(full=True)  # a damaged page may hold offsets that lead out of it, or text that is none
    return table


@contextmanager
def sound(path: Path) -> Iterator[None]:
    """What Arrow says of a damaged file, as a DataError."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, MemoryError) as exc:
        raise DataError(f"{path} is not a sound Parquet file ({str(exc).strip()}); write it again") from exc


def with_text(arrow: Any) -> tuple[Any, list[str]]:
    """The table with bytes that are UTF-8 as text, and the names of its columns that hold no single values."""
    import pyarrow as pa

    unused: list[str] = []
    for place, field in enumerate(arrow.schema):
        if pa.types.is_nested(field.type):
            unused.append(field.name)
        elif _is_binary(field.type):
            try:
                text = arrow.column(place).cast(pa.binary()).cast(pa.string())
            except pa.ArrowException:
                unused.append(field.name)
            else:
                arrow = arrow.set_column(place, field.name, text)
    return arrow, unused


def _is_binary(kind: Any) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
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
