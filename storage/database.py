"""Open the database of studies, or refuse what is none."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage.errors import DatabaseUnusable, StorageError
from storage.postgresql import connect_arguments
from storage.reading import KNOWN_REVISION, connect_to_read, reading, schema_revision
from storage.refusals import is_read_only, opening
from storage.sqlite import ReportingConnection, WALConnection, busy_seconds, logs_of
from storage.tables import TABLES, are_half_made, are_whole, making_alone, names_in
from storage.urls import StorageURL

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.patient_storage import PatientStorage
    from storage.study_storage import StudyStorage

_SQLITE_HEADER_BYTES = 100


def open_storage(url: StorageURL, *, create: bool = False, for_reports: bool = False) -> StudyStorage:
    """The studies at `url`, behind Optuna's cache of finished trials.

    Args:
        create: make the SQLite file and the tables where there are none, one process at a time. Reading never does.
        for_reports: writes are a worker's reports, of which a power cut may take the last.

    Raises:
        DatabaseUnusable: see `check_database`.
        StorageError: the disk, the server or a limit of this process is in the way.
    """
    check_database(url, create=create)
    from storage.study_storage import StudyStorage

    with opening(url), ExitStack() as alone:
        whole = are_whole(url)
        if not whole and not create:
            raise _no_studies(url)
        if not whole:
            alone.enter_context(making_alone(url))
            whole = are_whole(url)
        return StudyStorage(_opened(url, whole=whole, for_reports=for_reports))


@contextmanager
def reading_studies(url: StorageURL) -> Iterator[Connection]:
    """A connection that reads the studies at `url` where `open_storage` would open them, without Optuna.

    Raises:
        DatabaseUnusable, StorageError: as `open_storage`.
    """
    check_database(url, create=False)
    with opening(url):
        if not are_whole(url):
            raise _no_studies(url)
        with reading(url) as connection:
            known = schema_revision(connection) == KNOWN_REVISION
        if not known:
            open_storage(url)
    with reading(url) as connection:
        yield connection


def _opened(url: StorageURL, *, whole: bool, for_reports: bool) -> PatientStorage:
    """Optuna's storage; it makes the tables that are missing where they are not `whole`."""
    from storage.patient_storage import PatientStorage

    path = url.sqlite_path
    if path is not None:
        engine_kwargs: dict[str, Any] = {
            "connect_args": {
                "factory": ReportingConnection if for_reports else WALConnection,
                "timeout": busy_seconds(),
            }
        }
    else:
        # A connection that a server restart dropped is replaced before the first call fails on it.
        engine_kwargs = {"pool_pre_ping": True, "connect_args": connect_arguments(url)}
    try:
        if path is not None and whole:
            _check_schema(url)
        if path is not None and not path.exists():
            path.touch()
        return PatientStorage(
            url.full,
            engine_kwargs=engine_kwargs,
            skip_table_creation=whole,
            skip_compatibility_check=path is not None and whole,
        )
    except RuntimeError as error:  # Optuna's own check of the schema's version
        raise DatabaseUnusable(
            f"--storage: the schema of {url} is of another Optuna version; bring it up to date by "
            f"`perceptuna storage upgrade{url.option}`, which keeps a copy of an SQLite file"
        ) from error


def check_connection(url: StorageURL, *, create: bool = True) -> None:
    """Whether this machine can use the database of a study. Writes nothing; `create` as for `check_database`.

    Raises:
        DatabaseUnusable, StorageError: it cannot.
    """
    if url.sqlite_path is not None:
        check_database(url, create=create)
        return
    with opening(url), reading(url):
        pass


def check_database(url: StorageURL, *, create: bool) -> None:
    """Refuse, without writing anything, an SQLite path that cannot be used.

    Raises:
        DatabaseUnusable: no file (unless `create`), missing folder, read-only, not SQLite, other schema.
        StorageError: the disk or a limit of this process is in the way.
    """
    path = url.sqlite_path
    if path is None:
        return
    with opening(url):
        _check_file(path, create=create)


def _check_file(path: Path, *, create: bool) -> None:
    if not path.parent.is_dir():
        raise DatabaseUnusable(f"--storage: the folder {path.parent} does not exist; create it first")
    if path.is_dir():
        raise DatabaseUnusable(f"--storage: {path} is a folder; name a file in it")
    if not path.exists() or path.stat().st_size == 0:
        if not create:
            raise DatabaseUnusable(
                f"no database at {path}; start a study with `perceptuna run STUDY`, or name one by --storage"
            )
        _check_writable(path.parent, f"the folder {path.parent}")
        _check_no_log(path)
        return
    _check_content(path, create=create)
    if create:
        _check_writable(path, str(path))
        _check_writable(path.parent, f"the folder {path.parent}")


def _no_studies(url: StorageURL) -> DatabaseUnusable:
    where = url.sqlite_path or url
    return DatabaseUnusable(f"no studies in {where}; start one with `perceptuna run STUDY`")


def _check_writable(path: Path, name: str) -> None:
    if os.access(path, os.W_OK):
        return
    if is_read_only(path):
        raise StorageError(
            f"--storage: {name} is on a file system that is mounted read-only; name another place"
        )
    raise DatabaseUnusable(f"--storage: {name} is read-only; make it writable, or name another place")


def _check_no_log(path: Path) -> None:
    """A new file would share log and locks with a deleted one that is still written to, and both would be damaged."""
    for left in logs_of(path):
        if left.exists() and left.stat().st_size:
            raise DatabaseUnusable(
                f"--storage: {left} lies there without its database, to which a running study may still write; end "
                "that, then move the file away, or name another place"
            )


def _check_content(path: Path, *, create: bool) -> None:
    if not os.access(path, os.R_OK):
        raise DatabaseUnusable(f"--storage: {path} is not readable; change its permissions")
    not_sqlite = DatabaseUnusable(f"--storage: {path} is not an SQLite database; name another file")
    if path.stat().st_size < _SQLITE_HEADER_BYTES:
        raise not_sqlite
    try:
        tables = names_in(path)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise not_sqlite from error
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        raise DatabaseUnusable(f"--storage: {path} cannot be read ({error}); restore a copy of it") from error
    half_made = are_half_made(tables)
    if half_made and not create:
        raise _no_studies(StorageURL.of_file(path))
    if not half_made and not tables >= TABLES:
        raise DatabaseUnusable(f"--storage: {path} is a database of something else; name another file")


def _check_schema(url: StorageURL) -> None:
    """Optuna's own check, over a connection that cannot write; of a revision that is known it would find nothing.

    Write-ahead mode and tables that came later would already change a database of another version, and
    `optuna storage upgrade` trips over such tables.

    Raises:
        RuntimeError: another version.
    """
    path = url.sqlite_path
    assert path is not None
    with reading(url) as connection:
        if schema_revision(connection) == KNOWN_REVISION:
            return
    import optuna

    reader = optuna.storages.RDBStorage(
        url.full, engine_kwargs={"creator": lambda: connect_to_read(path)}, skip_table_creation=True
    )
    reader.engine.dispose()
