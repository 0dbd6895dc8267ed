"""Copy a database of studies with its artifacts and rows, also while a study runs; bring an old schema up to date."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from storage.artifacts import artifact_folder, artifact_path
from storage.database import check_connection, check_database
from storage.errors import DatabaseUnusable, StorageError, remedy_of
from storage.kept_rows import named_rows, rows_folder
from storage.lock import study_lock
from storage.reading import (
    connect_to_read,
    current_revision,
    named_artifacts,
    reading,
    schema_revision,
    study_counts,
)
from storage.sqlite import copy_to, logs_of
from storage.urls import StorageURL

# A model that is replaced while it is copied is in no second copy of the database.
_TRIES = 10
_PAUSE_SECONDS = 0.25


@dataclass(frozen=True)
class Backup:
    """What was copied. `lost`: artifacts that the original names too and does not have.

    `rows`: files of rows that a program handed over, of those that are still there.
    """

    path: Path
    studies: int
    trials: int
    artifacts: int
    lost: tuple[str, ...]
    rows: int = 0


def back_up(url: StorageURL, target: Path, *, force: bool = False) -> Backup:
    """Copy the SQLite database at `url` to `target`, its artifacts and the rows of its studies to folders beside it.

    The database is copied by SQLite's own backup call, as it is at one moment; studies go on meanwhile. Then
    every artifact that the copy names is copied. One that vanished in between (the best model was replaced) is
    not named by a newer copy of the database: that is taken instead. The copy is checked before it gets its name.

    Args:
        force: replace what is at `target`.

    Raises:
        DatabaseUnusable: not SQLite, no database at `url`, or something is at `target` already.
        StorageError: copying failed, or the copy is not sound; nothing is left at `target` in its place.
    """
    source = url.sqlite_path
    if source is None:
        raise DatabaseUnusable(
            f"{url} is a server, which is backed up by its own program: `{pg_dump_command(url, target)}` "
            f"(it asks for the password), and after that a copy of the folders of artifacts, which "
            "`perceptuna storage check` names"
        )
    check_database(url, create=False)
    target = target.absolute()
    _refuse_target(source, target, force)
    partial = _beside(target, ".partial")
    try:
        _remove(partial)
        made = _copy(url, source, partial)
        _remove(target)
        for files, place in zip(_folders(partial), _folders(target), strict=True):
            if files.exists():
                files.rename(place)
        partial.rename(target)
    except (OSError, sqlite3.Error, SQLAlchemyError) as error:
        raise StorageError(
            f"the backup failed: {error}; {remedy_of(str(error))}, then take it again"
        ) from error
    finally:
        with suppress(OSError):
            _remove(partial)
    return replace(made, path=target)


def pg_dump_command(url: StorageURL, target: Path) -> str:
    """How PostgreSQL's own program saves `url` to `target`; without the password, for which it asks."""
    server = url.without_password().set(drivername="postgresql")
    return f"pg_dump --format=custom --file={shlex.quote(str(target))} {shlex.quote(str(server))}"


def _refuse_target(source: Path, target: Path, force: bool) -> None:
    if not target.parent.is_dir():
        raise DatabaseUnusable(f"the folder {target.parent} does not exist; create it first")
    if target.is_dir():
        raise DatabaseUnusable(f"{target} is a folder; name a file in it")
    if target.exists() and os.path.samefile(source, target):
        raise DatabaseUnusable(f"{target} is the database itself; name another file")
    there = [path for path in (target, *_folders(target)) if path.exists()]
    if there and not force:
        raise DatabaseUnusable(f"{there[0]} is there already; name another file, or replace it by --force")
    log, _ = logs_of(target)
    if log.exists() and log.stat().st_size:
        raise DatabaseUnusable(
            f"{target} is a database that some program has open, or was killed with; name another file"
        )


def _copy(url: StorageURL, source: Path, partial: Path) -> Backup:
    files, rows = _folders(partial)
    files.mkdir()
    copied: set[str] = set()
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE_SECONDS)
        _copy_database(source, partial)
        with reading(StorageURL.of_file(partial)) as connection:
            counts = study_counts(connection)
            named = named_artifacts(connection)
            wanted = set[str]().union(*named_rows(connection).values())
        missing = {name for name in named.all - copied if not _copy_artifact(url, name, files)}
        copied |= named.all - missing
        lost = sorted(missing & named.certain)
        if not lost:
            break
    for name in copied - named.all:
        (files / name).unlink()
    trials = sum(sum(states.values()) for states in counts.values())
    copied_rows = _copy_rows(rows_folder(url), wanted, rows)
    return Backup(partial, len(counts), trials, len(named.all - missing), tuple(lost), copied_rows)


def _copy_database(source: Path, partial: Path) -> None:
    partial.unlink(missing_ok=True)
    with closing(connect_to_read(source)) as original:
        result = copy_to(original, partial)
    if result != "ok":
        raise StorageError(f"{source} is damaged ({result}); see `perceptuna storage check`")


def _copy_artifact(url: StorageURL, name: str, files: Path) -> bool:
    try:
        shutil.copy2(artifact_path(artifact_folder(url), name), files / name)
    except FileNotFoundError:
        return False
    return True


def _copy_rows(folder: Path, wanted: set[str], rows: Path) -> int:
    """Copy to the new folder `rows` what is still there; how many files. (Rows that a user removed are no fault.)"""
    there = [file for name in sorted(wanted) if (file := folder / name).is_file()]
    if there:
        rows.mkdir()
    for file in there:
        shutil.copy2(file, rows / file.name)
    return len(there)


def _folders(database: Path) -> tuple[Path, Path]:
    """Those of artifacts and of rows beside it."""
    url = StorageURL.of_file(database)
    return artifact_folder(url), rows_folder(url)


def _beside(database: Path, ending: str) -> Path:
    return database.with_name(database.name + ending)


def _remove(database: Path) -> None:
    for path in (database, *logs_of(database)):
        path.unlink(missing_ok=True)
    for folder in _folders(database):
        if folder.exists():
            shutil.rmtree(folder)


def upgrade(url: StorageURL) -> tuple[str, str, Path | None]:
    """Bring the tables at `url` to the revision of the installed Optuna; a copy of an SQLite file is made first.

    Returns:
        The revision before and after (equal: nothing was done), and the copy.

    Raises:
        StudyBusy: a study is being driven.
        DatabaseUnusable, StorageError: see `back_up`; or the tables are of a newer Optuna.
    """
    import optuna

    check_connection(url, create=False)
    with reading(url) as connection:
        before = schema_revision(connection) or "unknown"
        names = list(study_counts(connection))
    if before == current_revision():
        return before, before, None
    with ExitStack() as held:
        for name in names:
            held.enter_context(study_lock(url, name))
        # Tables that came later must not be made first: the migrations make them.
        opened = optuna.storages.RDBStorage(url.full, skip_compatibility_check=True, skip_table_creation=True)
        try:
            if before not in opened.get_all_versions():
                raise DatabaseUnusable(
                    f"{url} is of revision {before}, which Optuna {optuna.__version__} does not know; "
                    "install a newer perceptuna"
                )
            copy = _copy_before(url, before)
            opened.upgrade()
        finally:
            opened.engine.dispose()
    return before, current_revision(), copy


def _copy_before(url: StorageURL, revision: str) -> Path | None:
    """The database alone: an upgrade does not touch artifacts."""
    source = url.sqlite_path
    if source is None:
        return None
    copy = _beside(source, f".{revision}")
    if copy.exists():
        raise DatabaseUnusable(f"{copy}, a copy of an earlier upgrade, is there already; move it away first")
    partial = _beside(copy, ".partial")
    try:
        _copy_database(source, partial)
        return partial.rename(copy)
    finally:
        partial.unlink(missing_ok=True)
