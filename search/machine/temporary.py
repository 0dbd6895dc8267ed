"""Temporary folders that a killed process leaves are removed by the next one, and a deleted TMPDIR is done without."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

_PREFIX = "perceptuna-"
_LOCK = "in-use.lock"
# A folder is made before it is locked, and earlier versions locked none.
_ABANDONED_SECONDS = 86_400.0


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A new folder, removed at the end. Its lock says that its process is alive."""
    _ensure_place()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    lock = FileLock(folder / _LOCK)
    try:
        with lock:
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class TemporaryFolder:
    """A new folder at `path`, which is removed when nobody holds this object any more, or the program ends."""

    def __init__(self) -> None:
        held = ExitStack()
        self.path = held.enter_context(temporary_folder())
        weakref.finalize(self, held.close)


def remove_abandoned_folders() -> None:
    """Those of this user whose process was killed."""
    _ensure_place()
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if folder.is_symlink() or not folder.is_dir() or folder.stat().st_uid != os.getuid():
                continue
            if (folder / _LOCK).exists():
                with suppress(Timeout), FileLock(folder / _LOCK, timeout=0):
                    shutil.rmtree(folder, ignore_errors=True)
            elif time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS:
                folder.rmdir()  # only where it is empty: others may use such names


def _ensure_place() -> None:
    """Python remembers where temporary files go. Where that was deleted since, it looks for another place."""
    if tempfile.tempdir is not None and not os.path.isdir(tempfile.tempdir):
        tempfile.tempdir = None
