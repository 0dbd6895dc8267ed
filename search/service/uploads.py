"""Files that users send: bounded in size, known by their content, each owner's in a folder of their own."""

from __future__ import annotations

import os
import re
import secrets
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from search.errors import InputError
from search.service.folders import private_folder
from search.service.problems import Refused
from search.text.formats import size
from storage.errors import translated

LARGEST_BYTES = 10**9
_ALL_BYTES = 10
"""Of one owner, as many times the largest file."""

_ID = re.compile(r"[0-9a-f]{24}\.(csv|parquet|npz)")
PARTIAL = ".partial"
_LOOKED_AT = 2**16
# Control characters beside tabs and ends of lines.
_NO_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Upload:
    """A file that is there. `id` is its name, whose ending is what its content is."""

    id: str
    bytes: int


class Uploads:
    """Below `folder`, a folder for each owner.

    Args:
        largest: bytes of one file; of all files of one owner, ten times as many.
    """

    def __init__(self, folder: Path, largest: int = LARGEST_BYTES) -> None:
        self._folder = folder
        self.largest = largest

    async def receive(self, owner: str, chunks: AsyncIterator[bytes]) -> Upload:
        """Keep what comes.

        Raises:
            Refused: it is too large, or this owner keeps too much already.
            InputError: it is no CSV, Parquet or NPZ file.
            StorageError: the disk takes no more.
        """
        room = _ALL_BYTES * self.largest - sum(one.bytes for one in self.of(owner))
        most = min(self.largest, room)
        with translated(), self._partial(owner) as path:
            received = 0
            with path.open("wb") as file:
                async for chunk in chunks:
                    received += len(chunk)
                    if received > most:
                        raise Refused(413, self._too_much(most))
                    file.write(chunk)
            name = f"{path.stem.lstrip('.')}.{kind_of(path)}"
            os.replace(path, path.with_name(name))
        return Upload(name, received)

    def of(self, owner: str) -> list[Upload]:
        """By their ids."""
        found = sorted(self._of(owner).iterdir())
        return [Upload(one.name, one.stat().st_size) for one in found if _ID.fullmatch(one.name)]

    def path(self, owner: str, upload: str) -> Path:
        """Where the file is.

        Raises:
            InputError: this owner has none of that id.
        """
        path = self._of(owner) / upload if _ID.fullmatch(upload) else None
        if path is None or not path.is_file():
            known = ", ".join(one.id for one in self.of(owner)[:10]) or "none"
            raise InputError(f"upload: you have no file '{upload[:60]}'; there are: {known}")
        return path

    def remove(self, owner: str, upload: str) -> None:
        """Raises: as `path`."""
        self.path(owner, upload).unlink(missing_ok=True)

    def remove_partial(self) -> None:
        """What a service that was killed had received in part."""
        for path in self._folder.glob(f"*/.*{PARTIAL}"):
            path.unlink(missing_ok=True)

    def _of(self, owner: str) -> Path:
        return private_folder(self._folder / owner)

    @contextmanager
    def _partial(self, owner: str) -> Iterator[Path]:
        """A file to write, which is gone afterwards unless it was renamed."""
        path = self._of(owner) / f".{secrets.token_hex(12)}{PARTIAL}"
        try:
            yield path
        finally:
            with suppress(FileNotFoundError):
                path.unlink()

    def _too_much(self, most: int) -> str:
        if most == self.largest:
            return f"the file is larger than {size(self.largest)}, which is the most that this service takes"
        return (
            f"your files may hold {size(_ALL_BYTES * self.largest)} in all, of which {size(max(0, most))} are left; "
            "delete some"
        )


def kind_of(path: Path) -> str:
    """`csv`, `parquet` or `npz`, by the content.

    Raises:
        InputError: it is none of them.
    """
    with path.open("rb") as file:
        head = file.read(_LOOKED_AT)
        file.seek(max(0, path.stat().st_size - 4))
        tail = file.read()
    if head[:4] == b"PAR1" and tail == b"PAR1":
        return "parquet"
    if head[:4] == b"PK\x03\x04" and _holds_arrays(path):
        return "npz"
    if head.strip() and _is_text(head):
        return "csv"
    raise InputError("upload: expected a CSV file of UTF-8 text, a Parquet file or an NPZ file of arrays")


def _holds_arrays(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return False
    return bool(names) and all(name.endswith(".npy") for name in names)


def _is_text(head: bytes) -> bool:
    if _NO_TEXT.search(head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A sign may be cut in two where the piece ends.
        return error.start >= len(head) - 3 and len(head) == _LOOKED_AT
    return True
