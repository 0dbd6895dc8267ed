"""Columns of Parquet files: a few at a time are in memory, however large the files are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.data.columns.row_numbers import UNNAMED
from search.data.reading.free_memory import refuse_more_than_disk, refuse_more_than_memory
from search.data.reading.table import refuse_duplicates, refuse_too_many
from search.data.rows import scratch
from search.data.rows.request import DataRequest
from search.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

# The least that a value takes while it is read: as stored, and as a column.
BYTES_PER_VALUE = 9


class ParquetColumns:
    """Columns of one file, or of several one below the other, without those that are dropped.

    Attributes:
        names: of the first file's columns, in its order.
        rows: of each file.
        types: of all columns that are needed, by name.
    """

    def __init__(self, request: DataRequest) -> None:
        self._request = request
        self._files = [_ParquetFile(Path(file)) for file in request.files]
        self.names = self._files[0].names
        self.rows = [file.rows for file in self._files]
        self._kept: list[str] = []

    @property
    def names_of_each(self) -> list[tuple[str, ...]]:
        return [file.names for file in self._files]

    def keep(self, names: Sequence[str]) -> None:
        """These are the columns from now on; all files have to have them."""
        self._kept = list(names)

    def drop(self, names: Collection[str]) -> None:
        self._kept = [name for name in self._kept if name not in names]

    @property
    def shape(self) -> tuple[int, int]:
        return sum(self.rows), len(self._kept)

    def types(self) -> dict[str, Any]:
        """The Arrow type of each column, in all files together.

        Raises:
            DataError: they do not go together.
        """
        empty = [file.schema.empty_table().rename_columns(list(file.names)) for file in self._files]
        joined = self._joined(empty, self._kept)
        return {field.name: field.type for field in joined.schema}

    def arrow(self, names: Sequence[str]) -> Any:
        """These columns as an Arrow table, as they are stored."""
        return self._joined([file.read(names) for file in self._files], names)

    def items(self) -> Iterator[tuple[str, pd.Series[Any]]]:
        """Each column, with its name."""
        at_once = max(1, scratch.KEPT_IN_MEMORY // (BYTES_PER_VALUE * max(1, self.shape[0])))
        for start in range(0, len(self._kept), at_once):
            frame = self._frame(self._kept[start : start + at_once])
            yield from ((str(name), series) for name, series in frame.items())
            del frame

    def __getitem__(self, name: str) -> pd.Series[Any]:
        series: pd.Series[Any] = self._frame([name])[name]
        return series

    def _frame(self, names: Sequence[str]) -> pd.DataFrame:
        frame: pd.DataFrame = with_text(self.arrow(names))[0].to_pandas(ignore_metadata=True)
        return frame

    def _joined(self, tables: list[Any], names: Sequence[str]) -> Any:
        """One below the other; numbers of other sizes go together, text and numbers do not."""
        import pyarrow as pa

        if len(tables) == 1:
            return tables[0].select(names)
        try:
            parts = [table.select(names) for table in tables]
            return pa.concat_tables(parts, promote_options="permissive").unify_dictionaries()
        except pa.ArrowException as exc:
            files = " and ".join(self._request.files)
            raise DataError(
                f"columns of {files} are of types that do not go together ({str(exc).strip()}); save them with the "
                "same types"
            ) from exc


class _ParquetFile:
    """One file, known to be a table of a size that can be read.

    Raises:
        DataError: it is none.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self._path = path
        with sound(path):
            self._file = pq.ParquetFile(path)
            metadata = self._file.metadata
            refuse_too_many(metadata.num_columns, path)
            _refuse_too_large(path, metadata.num_rows, metadata.num_columns)
        self.rows, self.schema = metadata.num_rows, self._file.schema_arrow
        self.names = names_of(self.schema.names, path)
        self._stored = dict(zip(self.names, self.schema.names, strict=True))

    def read(self, names: Sequence[str]) -> Any:
        """Columns by name, as an Arrow table."""
        with sound(self._path):
            chosen = [self._stored[name] for name in names]
            arrow = self._file.read(columns=chosen).select(chosen)
            arrow.validate(
                full=True
            )  # a damaged page may hold offsets that lead out of it, or text that is none
        return arrow.rename_columns(list(names))


def _refuse_too_large(path: Path, rows: int, columns: int) -> None:
    """Repeated values are packed to next to nothing, so what is in the file says little."""
    what = f"{path} ({rows:,} rows of {columns:,} columns)"
    whole, advice = rows * columns * BYTES_PER_VALUE, "give it fewer rows or columns, or free"
    refuse_more_than_memory(
        min(whole, max(scratch.KEPT_IN_MEMORY, rows * BYTES_PER_VALUE)), what, f"{advice} memory"
    )
    if whole > scratch.KEPT_IN_MEMORY:
        refuse_more_than_disk(whole, what, f"{advice} disk space")


def names_of(stored: list[str], path: Path) -> tuple[str, ...]:
    """Names of all columns, also of those that are stored without one.

    Raises:
        DataError: two are the same.
    """
    names = tuple(name if name.strip() else f"{UNNAMED} {place}" for place, name in enumerate(stored))
    refuse_duplicates(names, path)
    return names


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
        elif is_binary(field.type):
            try:
                text = arrow.column(place).cast(pa.binary()).cast(pa.string())
            except pa.ArrowException:
                unused.append(field.name)
            else:
                arrow = arrow.set_column(place, field.name, text)
    return arrow, unused


def is_binary(kind: Any) -> bool:
    """Whether a type is of bytes."""
    import pyarrow as pa

    return bool(
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    )
