"""Files of what a program handed over, named by their content and kept beside the database of its study."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from storage import StorageURL, artifact_folder

_DIGITS = 16


@dataclass(frozen=True)
class Given:
    """What was handed over: `what` it is in words, `name` and ending of its file, and how that is written."""

    what: str
    name: str
    ending: str
    write: Callable[[Path], None]


@dataclass(frozen=True)
class Staged:
    """It, written to a temporary file, and the `place` where that belongs."""

    given: Given
    file: Path
    place: Path


def folder_beside(url: StorageURL) -> Path:
    """Where rows that were handed over are kept: `FILE.db-rows`, or beside the artifacts of a server's studies."""
    if url.sqlite_path is not None:
        return url.sqlite_path.with_name(url.sqlite_path.name + "-rows")
    artifacts = artifact_folder(url)
    return artifacts.with_name(f"{artifacts.name}-rows")


def staged(given: Given, temporary: Path, folder: Path) -> Staged:
    """Write it into the folder `temporary`; `folder` is where it is to be kept.

    Raises:
        InputError: it cannot be written as such a file.
    """
    file = temporary / f"{given.name}{given.ending}"
    given.write(file)
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()[:_DIGITS]
    return Staged(given, file, folder / f"{given.name}-{digest}{given.ending}")


@contextmanager
def kept(files: Sequence[Staged], needed: Callable[[], bool]) -> Iterator[None]:
    """Bring them to their places; where what is done with them fails, and they are not `needed`, they go again."""
    new = [one for one in files if not one.place.exists()]
    folders = {one.place.parent for one in new if not one.place.parent.exists()}
    for one in new:
        one.place.parent.mkdir(exist_ok=True)
        partial = one.place.with_name(f".{uuid.uuid4().hex}.partial")
        shutil.copyfile(one.file, partial)
        partial.replace(one.place)
    try:
        yield
    except BaseException:
        if not needed():
            for one in new:
                one.place.unlink(missing_ok=True)
            for folder in folders:
                with suppress(OSError):  # somebody else has put something there
                    folder.rmdir()
        raise
