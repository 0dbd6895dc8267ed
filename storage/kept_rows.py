"""Rows that a program handed over: files beside the database, named by their content, and which studies name them.

A file goes when the last study that names it goes. Whoever makes a study holds its files (`held`) until the database
names them, so that they do not go in between.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeGuard

from sqlalchemy import Connection, text

from storage.artifacts import artifact_folder
from storage.reading import reading
from storage.sqlite import inode_of
from storage.urls import StorageURL

# What they are, and the beginning of the SHA-256 of their content.
_NAME = re.compile(r"[a-z]+-[0-9a-f]{16}\.[a-z]+")
_SETTINGS = """
    select s.study_name, a.value_json from studies s
    join study_user_attributes a on a.study_id = s.study_id where a.key = 'settings'
"""


def rows_folder(url: StorageURL) -> Path:
    """Where rows that were handed over are kept: `FILE.db-rows`, or beside the artifacts of a server's studies."""
    if url.sqlite_path is not None:
        return url.sqlite_path.with_name(url.sqlite_path.name + "-rows")
    artifacts = artifact_folder(url)
    return artifacts.with_name(f"{artifacts.name}-rows")


def named_rows(connection: Connection) -> dict[str, set[str]]:
    """Of each study, the files of rows that its settings name, as they are called in the folder."""
    return {
        study: {Path(value).name for value in _values(settings) if is_of_rows(value)}
        for study, settings in connection.execute(text(_SETTINGS))
    }


def _values(settings: str) -> list[object]:
    """Of an attribute as it is stored: JSON in a JSON string. Another program may mean something else by its name."""
    try:
        return [*dict(json.loads(json.loads(settings))).values()]
    except (ValueError, TypeError):
        return []


def is_of_rows(value: object) -> TypeGuard[str]:
    """Whether a setting names a file in such a folder. (It may have been moved since.)"""
    if not isinstance(value, str) or not _NAME.fullmatch(Path(value).name):
        return False
    return Path(value).parent.name.endswith("-rows")


def remove_unnamed(url: StorageURL, names: Iterable[str]) -> None:
    """Remove those of the files `names` that no study at `url` names any more, and the folder with its last one.

    Files of a server's studies stay: databases that know nothing of each other may share their folder.
    """
    if url.sqlite_path is None:
        return
    with reading(url) as connection:
        remove_files(
            rows_folder(url), names, lambda name: name in set().union(*named_rows(connection).values())
        )


def remove_files(folder: Path, names: Iterable[str], needed: Callable[[str], bool]) -> None:
    """Remove files of rows in `folder` that nobody holds or has `needed`, and the folder with its last one."""
    for name in filter(_NAME.fullmatch, names):
        with suppress(OSError):  # it is gone, or somebody holds it
            file = (folder / name).open("rb")
            with file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not needed(name):
                    (folder / name).unlink()
    with suppress(OSError):  # there are others
        folder.rmdir()


@contextmanager
def held(file: Path, place: Path) -> Iterator[bool]:
    """Have a copy of `file` at `place`, which nobody removes meanwhile; whether it is a new one."""
    new = False
    while (there := _shared(place)) is None:
        place.parent.mkdir(exist_ok=True)
        partial = place.with_name(f".{uuid.uuid4().hex}.partial")
        try:
            shutil.copyfile(file, partial)
            partial.replace(place)
        finally:
            partial.unlink(missing_ok=True)
        new = True
    with there:
        yield new


def _shared(place: Path) -> BinaryIO | None:
    """The file that is held while it is open; None where there is none any more."""
    try:
        file = place.open("rb")
    except FileNotFoundError:
        return None
    with suppress(OSError):  # a file system without locks
        fcntl.flock(file, fcntl.LOCK_SH)
    found = os.fstat(file.fileno())
    if inode_of(place) == (found.st_dev, found.st_ino):
        return file
    file.close()
    return None
