"""The text of a table, which may be packed: gzip, bzip2, xz, or a ZIP archive of one table."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, TextIO

from search.errors import DataError
from search.machine.memory import free_memory

# Of the memory that is free: the columns that come of the text need some too.
SHARE_OF_MEMORY = 0.25
BLOCK = 1 << 20
# The end of a file, as DOS wrote it and some programs still do.
CONTROL_Z = b"\x1a"
_PACKED: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_ZIP = b"PK\x03\x04"
# What comes of unpacking a damaged file. A name in a ZIP's directory may be no UTF-8 text.
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, struct.error, UnicodeDecodeError)
# What macOS and Windows put beside a table into an archive.
_LITTER = (".DS_Store", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class TextFile:
    """A file of UTF-8 text; `unpacked` is its text where that is not what the file itself holds."""

    path: Path
    unpacked: bytes | None

    def binary(self) -> BinaryIO:
        return self.path.open("rb") if self.unpacked is None else io.BytesIO(self.unpacked)

    def text(self) -> TextIO:
        """Line ends are as in the file, a byte order mark is left out."""
        return io.TextIOWrapper(self.binary(), encoding="utf-8-sig", newline="")


def open_text_file(path: Path) -> TextFile:
    """Unpack what is packed, by its first bytes and not its name, and see that it is UTF-8 text.

    Raises:
        DataError: the file cannot be read or unpacked, is too large for memory, or holds something else than text.
    """
    try:
        file = TextFile(path, _unpacked(path))
        last = _checked_utf8(file)
        if last == CONTROL_Z:
            with file.binary() as content:
                file = TextFile(path, content.read().rstrip(CONTROL_Z))
        return file
    except _DAMAGE as exc:
        raise DataError(f"{path} cannot be unpacked ({exc}): it is damaged; write it again") from exc
    except OSError as exc:
        raise DataError(f"{path} cannot be read: {exc.strerror or exc}") from exc


def _unpacked(path: Path) -> bytes | None:
    """The text of a packed file; None where the file is not packed."""
    with path.open("rb") as file:
        start = file.read(6)
    if start.startswith(_ZIP):
        return _from_archive(path)
    for magic, opener in _PACKED.items():
        if start.startswith(magic):
            with opener(path, "rb") as packed:
                return _within_memory(packed, path)
    return None


def _from_archive(path: Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_only_table(archive, path)) as packed:
            return _within_memory(packed, path)
    except (RuntimeError, NotImplementedError) as exc:  # a password; a way of packing that Python lacks
        raise DataError(f"{path} cannot be unpacked ({exc}); unpack it and name the file") from exc


def _only_table(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if _may_be_table(member)]
    if len(members) == 1:
        return members[0]
    names = ", ".join(member.filename for member in members[:5])
    more = " and others" if len(members) > 5 else ""
    raise DataError(
        f"{path} is an archive of {len(members):,} files{': ' if members else ''}{names}{more}; "
        "one table is expected in it, so unpack it and name the file"
    )


def _may_be_table(member: zipfile.ZipInfo) -> bool:
    path = Path(member.filename)
    return not (member.filename.endswith("/") or path.parts[:1] == ("__MACOSX",) or path.name in _LITTER)


def _within_memory(packed: IO[bytes], path: Path) -> bytes:
    """All that comes out, as long as memory holds it: a few megabytes may unpack to a thousand times as much."""
    most = int(free_memory() * SHARE_OF_MEMORY)
    content = bytearray()
    while block := packed.read(BLOCK):
        content += block
        if len(content) > most:
            raise DataError(
                f"{path} unpacks to more than {most / 1e9:,.1f} GB, {SHARE_OF_MEMORY:.0%} of the memory that is free; "
                "unpack it and name the file, or free memory"
            )
    return bytes(content)


def _checked_utf8(file: TextFile) -> bytes:
    """UTF-8 text only: a wrong guess would turn category names into others without a word. Its last byte."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    position = pending = 0
    path, last = file.path, b""
    try:
        with file.binary() as content:
            if content.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                raise DataError(
                    f"{path} is UTF-16 text; convert it to UTF-8, for instance: "
                    f"iconv -f UTF-16 -t UTF-8 {path.name} > utf8.csv"
                )
            content.seek(0)
            while block := content.read(BLOCK):
                if b"\0" in block:
                    raise DataError(
                        f"{path} is not text: byte {position + block.index(0):,} is zero; "
                        "expected a table as text (or name a Parquet file .parquet)"
                    )
                pending = len(decoder.getstate()[0])
                decoder.decode(block)
                position += len(block)
                last = block[-1:]
            pending = len(decoder.getstate()[0])
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as exc:
        wrong = f"byte {position - pending + exc.start:,} is 0x{exc.object[exc.start]:02x}"
        raise DataError(
            f"{path} is not UTF-8 text ({wrong}); "
            f"convert it, for instance: iconv -f LATIN1 -t UTF-8 {path.name} > utf8.csv"
        ) from exc
    return last
