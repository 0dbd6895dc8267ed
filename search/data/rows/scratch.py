"""Values that are too many for memory, in a file without a name while a source is read and prepared."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from search.errors import CacheUnusable

Array = NDArray[Any]

KEPT_IN_MEMORY = 256_000_000
"""Bytes up to which the rows of a source are arrays in memory; of what is larger, so many are there at a time."""

_folder: ContextVar[Path | None] = ContextVar("scratch folder", default=None)


@contextmanager
def scratch_in(folder: Path) -> Iterator[None]:
    """Scratch files are made in `folder` meanwhile, which is made if need be; else among the temporary files."""
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


def scratch_folder() -> Path:
    """Where scratch files are made now."""
    return _folder.get() or Path(tempfile.gettempdir())


def free_disk() -> int:
    """Bytes that scratch files can take."""
    folder = scratch_folder()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(there).free


class Scratch:
    """A file that is gone with the last who has values in it, also where the process is killed.

    Written and read, not mapped: what a full disk does not take is an error, and what was read is let go again.

    Raises:
        CacheUnusable: the disk does not take the file.
    """

    def __init__(self) -> None:
        folder = scratch_folder()
        with _told(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        self._folder, self._end = folder, 0

    def room(self, count: int, dtype: Any) -> Stored:
        """Room for so many values, to be written."""
        stored = Stored(self, self._end, np.dtype(dtype), count)
        self._end += count * stored.dtype.itemsize
        return stored

    def keep(self, values: Array) -> Stored:
        """`values`, (rows,), in the file."""
        stored = self.room(len(values), values.dtype)
        stored.write(0, values)
        return stored

    def write(self, place: int, values: Array) -> None:
        """At byte `place`."""
        rest = np.ascontiguousarray(values).reshape(-1).view(np.uint8).data
        with _told(self._folder):
            while rest:
                written = os.pwrite(self._file.fileno(), rest, place)
                place, rest = place + written, rest[written:]

    def mapped(self, place: int, count: int, dtype: Any) -> Array:
        """So many values from byte `place` on, once all of them are written; read-only."""
        return np.memmap(self._file, dtype, "r", place, (count,))

    def read(self, place: int, into: Array) -> None:
        """From byte `place` on, as many as `into` has, which is in one piece."""
        rest = into.reshape(-1).view(np.uint8).data
        while rest:
            read = os.preadv(self._file.fileno(), [rest], place)
            if not read:
                raise EOFError(f"scratch file ends before byte {place:,}")
            place, rest = place + read, rest[read:]


@dataclass(frozen=True)
class Stored:
    """Values of one type in a scratch file, (count,): as an array where they are asked for."""

    scratch: Scratch
    place: int
    dtype: np.dtype[Any]
    count: int

    def __len__(self) -> int:
        return self.count

    def write(self, start: int, values: Array) -> None:
        """From the value numbered `start` on."""
        values = values.astype(self.dtype, copy=False)
        self.scratch.write(self.place + start * self.dtype.itemsize, values)

    def between(self, start: int, end: int) -> Array:
        values = np.empty(end - start, self.dtype)
        if len(values):
            self.scratch.read(self.place + start * self.dtype.itemsize, values)
        return values

    def all(self) -> Array:
        return self.between(0, self.count)

    def at(self, rows: Array) -> Array:
        """Those of the numbers `rows`, int (rows,); cheap where they are near each other."""
        if not len(rows):
            return np.empty(0, self.dtype)
        first, last = int(rows.min()), int(rows.max())
        values: Array = self.between(first, last + 1)[rows - first]
        return values


class RowsToFill:
    """Room for `count` rows of one shape, filled in any order: in memory, or on disk where that is too much."""

    def __init__(self, count: int, shape: tuple[int, ...], dtype: Any) -> None:
        self._shape, self._dtype = (count, *shape), np.dtype(dtype)
        self._row_bytes = int(np.prod(shape)) * self._dtype.itemsize
        self._file = Scratch() if count * self._row_bytes > KEPT_IN_MEMORY else None
        self._array = np.empty(self._shape if self._file is None else 0, self._dtype)

    def __setitem__(self, row: int, values: Array) -> None:
        if self._file is None:
            self._array[row] = values
        else:
            whole = np.broadcast_to(values, self._shape[1:]).astype(self._dtype, copy=False)
            self._file.write(row * self._row_bytes, whole)

    def filled(self) -> Array:
        """All rows, once each was filled; those on disk are mapped, read-only."""
        if self._file is None:
            return self._array
        return self._file.mapped(0, int(np.prod(self._shape)), self._dtype).reshape(self._shape)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise CacheUnusable(
            f"rows that are too many for memory cannot be kept in {folder} while they are read: {exc.strerror or exc}; "
            "free some disk space, or name another folder, on another disk, by $PERCEPTUNA_CACHE"
        ) from exc
