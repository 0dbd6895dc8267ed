"""Tables of any size in pieces: the columns that somebody asks for, a number of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from search.data.columns.missing import MISSING
from search.data.reading.parquet import PANDAS_INDEX, read_parquet
from search.data.reading.parquet_columns import names_of, sound, with_text
from search.data.reading.separated import TextLayout, text_layout
from search.data.reading.source import reader_of
from search.data.reading.text_table import how_to_read, read_text_table
from search.data.rows.notes import listed
from search.data.rows.request import DataRequest
from search.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Wanted:
    """Names of columns: those to be read as numbers where they are some, as text, and as they stand there."""

    numbers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys([*self.numbers, *self.texts, *self.kept]))


@dataclass(frozen=True)
class TablePiece:
    """Some rows of a table: columns to be read, and those that are handed on as they stand there."""

    columns: pd.DataFrame
    kept: pd.DataFrame


class TableFile(Protocol):
    """A table that was looked at and not yet read: its columns, and how many rows stand below them."""

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def rows(self) -> int: ...

    def pieces(self, wanted: Wanted, size: int) -> Iterator[TablePiece]:
        """All rows in their order, at most `size` at a time, none of them left out.

        Raises:
            DataError: the file is damaged.
        """


def open_table(request: DataRequest) -> TableFile | None:
    """None where a source is no table. A text table is looked through for ragged lines; `target` is not asked for.

    Raises:
        DataError: the source is not there, or is a table that cannot be read.
    """
    reader = reader_of(request)
    found: TableFile
    if reader is read_text_table:
        found = _TextTable(text_layout(Path(request.source), request), request.header)
    elif reader is read_parquet:
        found = _ParquetTable.opened(Path(request.source))
    else:
        return None
    if found.rows == 0:
        raise DataError(f"{request.source} has column names but no rows below them")
    return found


@dataclass(frozen=True)
class _TextTable:
    layout: TextLayout
    header: bool

    @property
    def names(self) -> tuple[str, ...]:
        return self.layout.names

    @property
    def rows(self) -> int:
        return self.layout.rows

    def pieces(self, wanted: Wanted, size: int) -> Iterator[TablePiece]:
        import pandas as pd

        as_text = {*wanted.texts, *wanted.kept}
        path, rows = self.layout.file.path, 0
        try:
            with self.layout.file.binary() as content:
                frames = pd.read_csv(
                    content,
                    **how_to_read(self.layout, header=self.header),
                    usecols=wanted.names,
                    dtype=dict.fromkeys(as_text, str),
                    na_values={name: list(MISSING) for name in wanted.numbers if name not in as_text},
                    # As Python reads them where there is text among them: a piece is what it is in the whole file.
                    float_precision="round_trip",
                    chunksize=size,
                )
                for frame in frames:
                    rows += len(frame)
                    yield TablePiece(frame, frame[list(wanted.kept)])
        except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as exc:
            raise DataError(f"{path} cannot be read as a table: {str(exc).strip()}") from exc
        if rows != self.rows:
            raise DataError(
                f"{path}: {self.rows:,} rows were counted but {rows:,} read; look for stray quotes in it"
            )


@dataclass(frozen=True)
class _ParquetTable:
    path: Path
    names: tuple[str, ...]
    rows: int

    @classmethod
    def opened(cls, path: Path) -> _ParquetTable:
        import pyarrow.parquet as pq

        with sound(path), pq.ParquetFile(path) as file:
            names = names_of(file.schema_arrow.names, path)
            rows = file.metadata.num_rows
        return cls(path, tuple(name for name in names if not name.startswith(PANDAS_INDEX)), rows)

    def pieces(self, wanted: Wanted, size: int) -> Iterator[TablePiece]:
        import pandas as pd
        import pyarrow as pa
        import pyarrow.parquet as pq

        with sound(self.path), pq.ParquetFile(self.path) as file:
            stored = dict(
                zip(names_of(file.schema_arrow.names, self.path), file.schema_arrow.names, strict=True)
            )
            chosen = [stored[name] for name in wanted.names]
            for batch in file.iter_batches(batch_size=size, columns=chosen):
                arrow = pa.Table.from_batches([batch]).select(chosen).rename_columns(wanted.names)
                arrow.validate(full=True)
                kept = arrow.select(wanted.kept)
                columns = self._single_values(arrow.select([*wanted.numbers, *wanted.texts]), wanted.texts)
                yield TablePiece(
                    columns.to_pandas(ignore_metadata=True),
                    kept.to_pandas(ignore_metadata=True, types_mapper=pd.ArrowDtype),
                )

    def _single_values(self, arrow: Any, texts: tuple[str, ...]) -> Any:
        """Whole numbers among texts are texts here: with one missing, pandas would make 1.0 of 1."""
        import pyarrow as pa

        arrow, unused = with_text(arrow)
        if unused:
            raise DataError(
                f"{self.path}: the columns {listed(unused)} hold lists, structures or bytes, where single values are "
                "expected"
            )
        for name in texts:
            if pa.types.is_integer(arrow.schema.field(name).type):
                place = arrow.schema.get_field_index(name)
                arrow = arrow.set_column(place, name, arrow.column(place).cast(pa.string()))
        return arrow
