"""The arrays of an NPZ file: what each is, told by its header, and its values, never more than that header says.

An archive may come from anywhere. So no pickle is loaded, an array that nobody asks for is not touched, and nothing
is decompressed before its size is known.
"""

from __future__ import annotations

import io
import lzma
import math
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from search.data.rows.raw import Array
from search.errors import DataError

SAVE_ONE = "save one by np.savez(path, x=…, y=…)"
SAVE_IT = "save it by np.savez(path, x=…, y=…)"
# NumPy itself writes headers of at most 10,000 bytes, and as many more in front of them as fit into 16.
_LONGEST_HEADER = 10_016
_WRONG_LITERALS = (
    SyntaxError, tokenize.TokenError, TypeError, RecursionError, MemoryError, AttributeError, LookupError,
)  # fmt: skip
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, KeyError, NotImplementedError, RuntimeError,
    ValueError, OverflowError,
)  # fmt: skip


@dataclass(frozen=True)
class Header:
    """What an array is."""

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]

    @property
    def bytes(self) -> int:
        """Of its values. A Python integer: a header may tell of 10¹² rows."""
        return math.prod(self.shape) * self.dtype.itemsize

    def words(self) -> str:
        """`float64 (120, 6)`."""
        return f"{self.dtype} {self.shape}"


class Archive:
    """An NPZ file that is open; made by `open_archive`."""

    def __init__(self, path: Path, opened: zipfile.ZipFile) -> None:
        self.path = path
        self._opened = opened
        entries = [entry for entry in opened.infolist() if not entry.is_dir()]
        self._entries = {entry.filename.removesuffix(".npy"): entry for entry in entries}
        self.names = tuple(self._entries)

    def header(self, name: str) -> Header:
        """Of the array `name`, without its values.

        Raises:
            DataError: it is no array, holds objects, or is of another size than its header says.
        """
        entry = self._entries[name]
        with self._sound(), self._opened.open(entry) as file:
            start = io.BytesIO(file.read(_LONGEST_HEADER))
            shape, dtype = _read_header(start)
        if dtype.hasobject:
            raise DataError(
                f"{self.path}: {name} holds Python objects, which are not loaded because they can run code; "
                "save arrays of numbers or of text instead (array.astype(float) or array.astype(str))"
            )
        header = Header(shape, dtype)
        if (
            any(side < 0 for side in shape)
            or dtype.itemsize == 0
            or header.bytes != entry.file_size - start.tell()
        ):
            raise DataError(
                f"{self.path} is not a sound NPZ file: the header of {name} tells of {header.words()}, which is not "
                f"the {entry.file_size - start.tell():,} bytes that the archive holds of it; {SAVE_IT}"
            )
        return header

    def read(self, name: str) -> Array:
        """The values of `name`, whose header was found sound, in the machine's byte order.

        Raises:
            DataError: they are damaged.
        """
        with self._sound(), self._opened.open(self._entries[name]) as file:
            array: Array = np.lib.format.read_array(file, allow_pickle=False)
        return array.astype(array.dtype.newbyteorder("="), copy=False)

    @contextmanager
    def _sound(self) -> Iterator[None]:
        try:
            yield
        except _DAMAGE as exc:
            raise DataError(f"{self.path} is not a sound NPZ file ({exc}); {SAVE_IT}") from exc


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """An NPZ file.

    Raises:
        DataError: it is none, or damaged.
    """
    try:
        with path.open("rb") as file:
            start = file.read(6)
        if start.startswith(b"\x93NUMPY"):
            raise DataError(f"{path} holds one array, not an archive; {SAVE_IT}")
        if not start.startswith(b"PK"):
            raise DataError(f"{path} is not an NPZ archive; {SAVE_ONE}")
        opened = zipfile.ZipFile(path)
    except _DAMAGE as exc:
        raise DataError(f"{path} is not a sound NPZ file ({exc}); {SAVE_IT}") from exc
    with opened:
        yield Archive(path, opened)


def _read_header(file: io.BytesIO) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    """Shape and dtype.

    Raises:
        ValueError: it is no header of an array.
    """
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    try:
        shape, _, dtype = read(file)
    # It is read as Python literals, which fail in many ways.
    except _WRONG_LITERALS as exc:
        raise ValueError(f"its header cannot be read: {type(exc).__name__}") from exc
    return tuple(int(side) for side in shape), dtype
