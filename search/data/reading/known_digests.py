"""Digests of sources that were hashed before: known again by size, times and inode, so that a start need not read them.

A digest is kept only of files that had been left alone for a while when they were hashed. What is written later has a
later time then, however coarse the clock of the file system is, and is hashed again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

# Coarser than any file system's clock (FAT: 2 s), with room for a file server whose clock is some seconds behind.
SETTLED_SECONDS = 10.0
# To hash less takes a millisecond.
WORTH_BYTES = 2**20
FOLDER = "known-sources"

_Seen = list[tuple[str, int, int, int, int, int]]


class KnownDigests:
    """Those kept below the cache folder `cache`; without one each file is hashed. `now` is in seconds since 1970."""

    def __init__(self, cache: Path | None = None, now: Callable[[], float] = time.time) -> None:
        self._folder = None if cache is None else cache / FOLDER
        self._now = now

    def of_file(self, path: Path) -> str:
        """SHA-256 of a file's content, 64 hexadecimal characters."""
        return self.of(path, [path], lambda: fingerprint_file(path))

    def of(self, source: Path, files: Sequence[Path], digest: Callable[[], str]) -> str:
        """What `digest` finds of `files`, which are `source` or lie in it; it is called only where that is not known.

        Raises:
            OSError: a file cannot be read.
        """
        if self._folder is None:
            return digest()
        seen = _seen(files)
        if sum(size for _, _, _, size, _, _ in seen) < WORTH_BYTES:
            return digest()
        entry = self._folder / f"{_sha256(os.path.abspath(source))}.json"
        known = _read(entry)
        if known is not None and known.get("seen") == _sha256(seen):
            return str(known["digest"])
        before = self._now()
        found = digest()
        newest = max(max(modified, changed) for *_, modified, changed in seen) / 1e9
        if newest < before - SETTLED_SECONDS and _seen(files) == seen:
            _write(entry, {"seen": _sha256(seen), "digest": found})
        return found


def fingerprint_file(path: Path) -> str:
    """SHA-256 of a file's content, 64 hexadecimal characters."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _seen(files: Sequence[Path]) -> _Seen:
    """Of each file what changes with its content: nobody can set back the time at which its inode was changed."""
    found = []
    for path in files:
        now = path.stat()
        found.append((str(path), now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns))
    return found


def _sha256(what: Any) -> str:
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()


def _read(entry: Path) -> dict[str, Any] | None:
    """None where nothing whole is there."""
    with suppress(OSError, ValueError):
        kept = json.loads(entry.read_bytes())
        if isinstance(kept, dict) and {"seen", "digest"} <= kept.keys():
            return kept
    return None


def _write(entry: Path, kept: dict[str, str]) -> None:
    """Whole or not at all; a cache that cannot be written knows nothing the next time."""
    with suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(prefix=".", dir=entry.parent)
        try:
            with os.fdopen(handle, "w") as file:
                json.dump(kept, file)
            os.replace(partial, entry)
        except OSError:
            os.unlink(partial)
            raise
