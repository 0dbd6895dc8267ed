"""Files that a command writes for the user: where they may be, and what they may replace.

Nothing is replaced but what perceptuna itself wrote there for the same purpose, and what --force gives away.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from search.errors import InputError


def check_place(path: Path, endings: Sequence[str], told: str | None = None) -> None:
    """Refuse a file that cannot be written; `told` are the endings for a message, else the first. Writes nothing.

    Raises:
        InputError: it does not end in one of `endings`, is a folder, or its folder is missing or read-only.
    """
    if path.suffix not in endings:
        raise InputError(f"-o: expected a file name ending in {told or endings[0]}, but got '{path}'")
    try:
        if not path.parent.is_dir():
            raise InputError(f"-o: the folder {path.parent} does not exist; create it first")
        if path.is_dir():
            raise InputError(f"-o: {path} is a folder; name a file")
        if not os.access(path.parent, os.W_OK):
            raise InputError(f"-o: {path} cannot be written; name another place")
        path.exists()
    except OSError as error:  # such as a name that is too long
        raise InputError(f"-o: {path} cannot be written ({error.strerror}); name another place") from None


def refuse_to_replace(
    paths: Sequence[Path], *, force: bool, ours: Callable[[], bool] = lambda: False
) -> None:
    """Refuse `paths` that hold something, unless `force`, or they are `ours` to renew.

    Raises:
        InputError: one of them is there already.
    """
    there = [path for path in paths if path.exists() or path.is_symlink()]
    if there and not force and not ours():
        raise InputError(
            f"-o: {there[0]} is there already; name another file, move it away, or replace it by --force"
        )


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A file to write, with the ending of `path`, which takes the place of `path` when all of it is written.

    Raises:
        InputError: the disk takes no more.
    """
    # Without the name: it may be as long as a name can be.
    partial = path.with_name(f".perceptuna-{os.getpid()}.partial{path.suffix}")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        raise InputError(
            f"-o: {path} cannot be written ({error.strerror or error}); free some disk space, or name another place"
        ) from error
    finally:
        partial.unlink(missing_ok=True)
