"""DataFrames as Parquet files: of pandas, of polars, and whatever else hands over its columns as Arrow does."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.errors import DataError
from search.given.files import Given

if TYPE_CHECKING:
    import pyarrow as pa


def is_frame(data: object) -> bool:
    """Whether it is a table with names of columns."""
    return hasattr(data, "__arrow_c_stream__") or _is_of_pandas(data, "DataFrame") or hasattr(data, "collect")


def is_series(data: object) -> bool:
    """Whether it is one column, which may have a name and an index."""
    return _is_of_pandas(data, "Series")


def given_frame(data: Any, target: str | Sequence[str] | None, what: str = "the DataFrame") -> Given:
    """`data` as a file, once it is known to be a sound table.

    Args:
        target: the column to learn, or several, each row of which needs a value; None where there is none.

    Raises:
        DataError: names of columns are not unique, a column holds what no table can, or rows have no target.
    """
    table = arrow_table(data, what)
    for name in names_of_targets(target, table.column_names):
        _refuse_missing(table[name], name, what)

    def write(path: Path) -> None:
        import pyarrow.parquet as pq

        pq.write_table(table, path)

    return Given(what, "frame", ".parquet", write)


def names_of_targets(target: object, columns: Sequence[str]) -> list[str]:
    """Those of `columns` that are targets, as a setting names them: one, "a,b", or several names."""
    said = [target] if isinstance(target, str) else target if isinstance(target, list | tuple) else []
    names = [part for one in said for part in ([one] if one in columns else str(one).split(","))]
    return [name.strip() for name in names if name.strip() in columns]


def arrow_table(data: Any, what: str) -> pa.Table:
    """Its columns without its index.

    Raises:
        DataError: names are not unique, or a column holds what no table can.
    """
    import pyarrow as pa

    if hasattr(data, "collect") and not hasattr(data, "__arrow_c_stream__"):
        raise DataError(f"{what} is not computed yet; give what its collect() returns")
    try:
        if _is_of_pandas(data, "DataFrame"):
            data = _with_text_names(data, what)
            table = pa.Table.from_pandas(data, preserve_index=False).replace_schema_metadata()
        else:
            table = pa.table(data)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise DataError(
            f"{what} has a column that holds values of several types ({_first(error)}); make them of one type: "
            "frame['NAME'].astype(str), or pandas.to_numeric(frame['NAME'], errors='coerce')"
        ) from error
    _refuse_repeated(table.column_names, what)
    for column in table.schema:
        if isinstance(column.type, pa.BaseExtensionType):
            raise DataError(
                f"{what}: column '{column.name}' is of type {column.type}, which no table file has; make it text or a "
                f"date: frame['{column.name}'].astype(str)"
            )
    if table.num_rows == 0:
        raise DataError(f"{what} has columns but no rows")
    return table


def with_target(x: Any, y: Any, what: str = "the DataFrame") -> tuple[Any, str]:
    """A table of `x` with one more column, `y` by its name, and that name.

    Raises:
        DataError: they do not go together.
    """
    table = arrow_table(x, what)
    if (columns := getattr(y, "shape", ())[1:]) and columns != (1,):
        raise DataError(
            f"y has {columns[0]:,} columns; several targets are columns of {what}: put them there, and name them by "
            'target=["a", "b"]'
        )
    if is_series(y) and _is_of_pandas(x, "DataFrame") and not y.index.equals(x.index):
        raise DataError(
            f"y has another index than {what}, so whose values they are is not clear; select both by the same index, "
            "or give y.to_numpy()"
        )
    said = getattr(y, "name", None)
    name = _free("target", table) if said is None else str(said)
    if name in table.column_names:
        raise DataError(
            f"{what} has a column '{name}' already, which is the name of y; rename y, or leave that column out"
        )
    values = y.to_numpy() if hasattr(y, "to_numpy") else y
    return _with_column(table, name, values, what, "y"), name


def with_weights(x: Any, weights: Any, what: str = "the DataFrame") -> tuple[Any, str]:
    """A table of `x` with one more column that says how much each row counts, and its name, which is a new one.

    Raises:
        DataError: they do not go together.
    """
    table = arrow_table(x, what)
    name = _free("weight", table)
    values = weights.to_numpy() if hasattr(weights, "to_numpy") else weights
    return _with_column(table, name, values, what, "weight"), name


def _free(name: str, table: pa.Table) -> str:
    """`name`, or one like it that no column has."""
    return name if name not in table.column_names else _free(f"_{name}", table)


def _with_column(table: pa.Table, name: str, values: Any, what: str, of: str) -> pa.Table:
    import pyarrow as pa

    if len(values) != table.num_rows:
        raise DataError(
            f"{what} has {table.num_rows:,} rows and {of} {len(values):,}; each row needs one value"
        )
    try:
        column = pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(
            f"{of} holds values of several types, or more than one a row ({_first(error)})"
        ) from error
    return table.append_column(name, column)


def _with_text_names(frame: Any, what: str) -> Any:
    if frame.columns.nlevels > 1:
        raise DataError(
            f"{what} has names of columns in {frame.columns.nlevels} levels; make each one text: "
            "frame.columns = ['_'.join(map(str, names)) for names in frame.columns]"
        )
    names = [str(name) for name in frame.columns]
    _refuse_repeated(names, what)
    return frame.set_axis(names, axis="columns")


def _refuse_repeated(names: list[str], what: str) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise DataError(
                f"{what} has {times} columns named '{name}'; rename them, or leave out all but one"
            )


def _refuse_missing(column: pa.ChunkedArray, target: str, what: str) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    missing = pc.is_null(column, nan_is_null=pa.types.is_floating(column.type))
    if count := int(pc.sum(missing).as_py() or 0):
        raise DataError(
            f"{what}: the target '{target}' has no value in {count:,} of {len(column):,} rows; leave these out: "
            f"frame.dropna(subset=['{target}'])"
        )


def _is_of_pandas(data: object, kind: str) -> bool:
    """Without importing pandas, which who has such an object has imported."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(data, getattr(pandas, kind))


def _first(error: BaseException) -> str:
    return "; ".join(str(part).strip() for part in error.args if str(part).strip()) or type(error).__name__
