"""A file of answers, written in pieces: CSV or Parquet, by its ending."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.errors import InputError
from search.machine.writing import check_place, refuse_to_replace, written_whole

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".csv", ".parquet")
Write = Callable[["pd.DataFrame"], None]


def check_output(output: Path, source: str, *, force: bool) -> None:
    """Refuse a file that cannot be written, or is there and not to be replaced.

    Raises:
        InputError: see `search.machine.writing`.
    """
    check_place(output, ENDINGS, " or ".join(ENDINGS))
    refuse_to_replace([output], force=force)
    if output.exists() and Path(source).exists() and output.samefile(source):
        raise InputError(f"-o: {output} is the file that is read; name another one")


@contextmanager
def answers_file(output: Path) -> Iterator[Write]:
    """Takes frames of the same columns; `output` is there when the last is written, or as it was before."""
    with written_whole(output) as new:
        opened = _parquet(new) if output.suffix == ".parquet" else _csv(new)
        with opened as write:
            yield write


@contextmanager
def _csv(path: Path) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="") as file:

        def write(frame: pd.DataFrame) -> None:
            frame.to_csv(file, index=False, header=file.tell() == 0, lineterminator="\n")

        yield write


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    writers: list[Any] = []

    def write(frame: pd.DataFrame) -> None:
        if not writers:
            writers.append(pq.ParquetWriter(path, pa.Table.from_pandas(frame, preserve_index=False).schema))
        writers[0].write_table(pa.Table.from_pandas(frame, writers[0].schema, preserve_index=False))

    try:
        yield write
    finally:
        for writer in writers:
            writer.close()
