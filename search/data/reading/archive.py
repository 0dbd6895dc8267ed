"""The arrays of an NPZ file: what each is, told by its header, and its values, never more than that header says.

An archive may come from anywhere. So no pickle is loaded, an array that nobody asks for is not touched, and nothing
is decompressed before its size is known.
"""

from __future__ import annotations

import io
import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from search.data.rows import scratch
from search.data.rows.raw import Array
from search.data.rows.scratch import Scratch
from search.errors import DataError

SAVE_ONE = "save one by np.savez(path, x=…, y=…)"
SAVE_IT = "save it by np.savez(path, x=…, y=…)"
# NumPy itself writes headers of at most 10,000 bytes, and as many more in front of them as fit into 16.
_LONGEST_HEADER = 10_016
# In front of an entry: the lengths of its name and of what else stands there; and how much is unpacked at a time.
_LENGTHS_AT = 26
_PIECE = 16_000_000
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

    def opened(self, name: str) -> Array:
        """As `read`; values that are too many for memory are mapped, where they lie in the archive or unpacked on disk.

        Raises:
            DataError: they are damaged.
            CacheUnusable: the disk does not take what is unpacked.
        """
        entry = self._entries[name]
        if entry.file_size <= scratch.KEPT_IN_MEMORY:
            return self.read(name)
        with self._sound(), self._opened.open(entry) as file:
            start = io.BytesIO(file.read(_LONGEST_HEADER))
            shape, fortran, dtype = _header_of(start)
            packed = entry.compress_type != zipfile.ZIP_STORED
            unpacked = Scratch() if packed else None
            # To the end in any case: where the checksum is compared.
            file.seek(0)
            place = 0
            while piece := file.read(_PIECE):
                if unpacked is not None:
                    unpacked.write(place, np.frombuffer(piece, np.uint8))
                place += len(piece)
        begin = start.tell()
        if unpacked is not None:
            array = unpacked.mapped(begin, math.prod(shape), dtype)
        else:
            array = np.memmap(self.path, dtype, "r", self._place_of(entry) + begin, (math.prod(shape),))
        return array.reshape(shape, order="F" if fortran else "C")

    def _place_of(self, entry: zipfile.ZipInfo) -> int:
        """Where an entry's bytes begin, behind its own header in the archive."""
        with self.path.open("rb") as file:
            file.seek(entry.header_offset + _LENGTHS_AT)
            name, extra = struct.unpack("<HH", file.read(4))
        return int(entry.header_offset + _LENGTHS_AT + 4 + name + extra)

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
    shape, _, dtype = _header_of(file)
    return shape, dtype


def _header_of(file: io.BytesIO) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """Shape, whether the first side varies first, and dtype; as `_read_header`."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    try:
        shape, fortran, dtype = read(file)
    # It is read as Python literals, which fail in many ways.
    except _WRONG_LITERALS as exc:
        raise ValueError(f"its header cannot be read: {type(exc).__name__}") from exc
    return tuple(int(side) for side in shape), bool(fortran), dtype
