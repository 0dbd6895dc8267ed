"""The end of a study's driver by a fault: say how to go on, and save what a deleted database file still holds."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage.artifacts import artifact_folder
from storage.errors import DatabaseMoved, StorageError, translate
from storage.sqlite import WALConnection, copy_to, logs_of
from storage.urls import StorageURL

if TYPE_CHECKING:
    from optuna.storages import BaseStorage


@contextmanager
def resumable(storage: BaseStorage, url: StorageURL, resume: str) -> Iterator[None]:
    """A fault inside becomes a StorageError that ends with the command `resume`.

    While it is open, SQLite goes on writing to a file that was deleted. So where the file at `url` is gone, what
    it holds is copied to `FILE.rescued`; with this process the last of it would be gone. The commands that are
    printed overwrite nothing: by the time they are pasted, somebody may have put another file in its place.
    """
    try:
        yield
    except Exception as error:
        fault = translate(error)
        if fault is None:
            raise
        saved = _rescued(storage, url)
        if saved is None:
            raise StorageError(f"{fault}, then resume the study: {resume}") from error
        path = url.sqlite_path
        assert path is not None
        if path.exists():
            raise StorageError(
                f"{fault}: what is at {path} now is not what the study was written to, and stays as it is; all that "
                f"the study's database held is saved in {saved}, so go on with that: {_go_on_with(saved, url, resume)}"
            ) from error
        raise StorageError(
            f"{fault}: all that it held is saved in {saved}, so: {_put_in_place(saved, path)} && {resume}"
        ) from error


def _put_in_place(saved: Path, path: Path) -> str:
    """Shell commands. A log that is left would be played over the file that takes the lost one's place."""
    commands = []
    if not path.parent.exists():
        commands.append(["mkdir", "-p", str(path.parent)])
    for left in logs_of(path):
        if left.exists():
            commands.append(["mv", "-n", str(left), str(_free(left.with_name(f"{left.name}.lost")))])
    commands.append(["mv", "-n", str(saved), str(path)])
    return " && ".join([f"[ ! -e {shlex.quote(str(path))} ]", *map(shlex.join, commands)])


def _go_on_with(saved: Path, url: StorageURL, resume: str) -> str:
    """Shell commands that leave what is in the place of the lost file alone."""
    there = StorageURL.of_file(saved)
    files, wanted = artifact_folder(url), artifact_folder(there)
    copy = shlex.join(["cp", "-R", str(files), str(wanted)]) + " && "
    option = f" --storage {shlex.quote(there.full)}"
    going_on = resume.replace(url.option, option) if url.option and url.option in resume else resume + option
    return f"{copy if files.is_dir() and not wanted.exists() else ''}{going_on}"


def _rescued(storage: BaseStorage, url: StorageURL) -> Path | None:
    path = url.sqlite_path
    if path is None:
        return None
    backend: Any = getattr(storage, "_backend", storage)
    try:
        # From the pool: the connection that was opened when the file was there.
        with closing(backend.engine.raw_connection()) as pooled:
            opened = pooled.driver_connection
            if not isinstance(opened, WALConnection) or _is_in_place(opened):
                return None
            for folder in (path.parent, Path(tempfile.gettempdir())):
                if folder.is_dir():
                    return _save(opened, folder / f"{path.name}.rescued")
    except Exception as error:  # what is tried on the way out must not hide why it is left
        if translate(error) is None:
            raise
    return None


def _is_in_place(opened: WALConnection) -> bool:
    try:
        opened.check_in_place()
    except DatabaseMoved:
        return False
    return True


def _save(opened: WALConnection, target: Path) -> Path | None:
    free = _free(target)
    return free if copy_to(opened, free) == "ok" else None


def _free(target: Path) -> Path:
    """`target`, or with a number where that is taken."""
    number, free = 1, target
    while free.exists():
        number += 1
        free = target.with_name(f"{target.name}-{number}")
    return free
