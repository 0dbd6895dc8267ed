"""Parquet files: types as they are stored, with whole numbers of 64 bits and decimals kept to the last digit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from search.data.raw import Array, RawData
from search.data.request import DataRequest
from search.data.separated import refuse_duplicates
from search.data.table import left_out, raw_table, refuse_target
from search.data.targets import Target, encode_target, encode_written_target
from search.errors import DataError

# pandas saves the index of a filtered frame under this name: row numbers, of no use.
PANDAS_INDEX = "__index_level_"


def read_parquet(request: DataRequest) -> RawData:
    """A Parquet file; dates and times become ISO text, decimals numbers, bytes that are UTF-8 text.

    Raises:
        DataError: the file is damaged or empty, or the target does not fit.
    """
    path = Path(request.source)
    arrow = _read(path)
    names = tuple(arrow.column_names)
    refuse_duplicates(names, path)
    refuse_target(request, names, "")
    arrow, unused = _with_text(arrow)
    if request.target in unused:
        raise DataError(
            f"target '{request.target}' of {path} holds lists, structures or bytes, not one value"
        )
    notes = [f"column '{name}' is dropped: lists, structures and bytes are not used" for name in unused]
    index = [name for name in names if name.startswith(PANDAS_INDEX) and name != request.target]
    known = _known(arrow[request.target])
    notes += left_out(known, request)
    arrow = arrow.filter(known) if not known.all() else arrow
    target = _target(arrow[request.target], request)
    frame = arrow.drop_columns([*unused, *index, str(request.target)]).to_pandas(ignore_metadata=True)
    return raw_table(frame, target, request, notes)


def _read(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
        table.validate(full=True)  # a damaged page may hold offsets that lead out of it, or text that is none
        return table
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, MemoryError) as exc:
        raise DataError(f"{path} is not a sound Parquet file ({str(exc).strip()}); write it again") from exc


def _with_text(arrow: Any) -> tuple[Any, list[str]]:
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


def _known(target: Any) -> Array:
    """Where the target has a value; bool (rows,). NaN is none."""
    import pyarrow.compute as pc

    missing = pc.is_null(target, nan_is_null=_is_floating(target.type))
    return ~np.asarray(missing.to_numpy(zero_copy_only=False), dtype=np.bool_)


def _is_floating(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_floating(kind))


def _target(column: Any, request: DataRequest) -> Target:
    """`column` has no gaps."""
    import pyarrow as pa

    name = f"target '{request.target}' of {request.source}"
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if pa.types.is_decimal(kind):
        written = np.array(column.cast(pa.string()).to_pylist(), dtype=object)
        return encode_written_target(written, task=request.task, name=name)
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        # By NumPy, not pandas: whole numbers stay whole whatever their sign and size.
        return encode_target(column.to_numpy(), task=request.task, name=name)
    values = column.to_pandas(ignore_metadata=True).to_numpy(dtype=object)
    return encode_target(values, task=request.task, name=name)
