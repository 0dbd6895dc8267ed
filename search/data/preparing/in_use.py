"""Prepared data that somebody has open stays: each who has it holds a lock on its file, which goes with the process.

The lock is shared (`flock`), so that any number of processes have the same data; who removes takes it alone, or not.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

# How exact it is known when data was last used.
_USE_SECONDS = 3600.0


class Shared:
    """The file at `path`, open and held; a context manager that lets it go only where something is raised inside.

    Where the file system knows no locks it is open all the same: nobody can take it alone there, so nothing is removed.

    Raises:
        OSError: it is not there, or was removed just now.
    """

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            with suppress(OSError):
                fcntl.flock(self.descriptor, fcntl.LOCK_SH)
            now = os.fstat(self.descriptor)
            if now.st_ino != path.stat().st_ino:
                raise FileNotFoundError(2, "it was removed just now", str(path))
            if time.time() - now.st_mtime > _USE_SECONDS:
                with suppress(OSError):  # it may be somebody else's
                    os.utime(self.descriptor)
        except BaseException:
            os.close(self.descriptor)
            raise

    def __enter__(self) -> Shared:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None:
            os.close(self.descriptor)


@contextmanager
def alone_with(path: Path) -> Iterator[bool]:
    """Whether nobody has the file at `path` open as `Shared`, nor can have it so within the block."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        yield False
        return
    try:
        yield _taken(descriptor)
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
