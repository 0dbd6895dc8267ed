"""Open the database of studies, or refuse what is none."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage.errors import DatabaseUnusable
from storage.postgresql import connect_arguments
from storage.reading import connect_to_read
from storage.sqlite import WALConnection, busy_seconds
from storage.urls import StorageURL

if TYPE_CHECKING:
    from storage.study_storage import StudyStorage

_SQLITE_HEADER_BYTES = 100
_TABLES = {"studies", "trials", "version_info"}


def open_storage(url: StorageURL, *, create: bool = False) -> StudyStorage:
    """The studies at `url`, behind Optuna's cache of finished trials.

    Args:
        create: make the SQLite file where there is none. Reading never makes one.

    Raises:
        DatabaseUnusable: see `check_database`.
    """
    check_database(url, create=create)
    from sqlalchemy.exc import OperationalError

    from storage.patient_storage import PatientStorage
    from storage.study_storage import StudyStorage

    if url.sqlite_path is not None:
        engine_kwargs: dict[str, Any] = {
            "connect_args": {"factory": WALConnection, "timeout": busy_seconds()}
        }
    else:
        # A connection that a server restart dropped is replaced before the first call fails on it.
        engine_kwargs = {"pool_pre_ping": True, "connect_args": connect_arguments(url)}
    try:
        path = url.sqlite_path
        complete = path is not None and path.exists() and _has_all_tables(path)
        if complete:
            _check_schema(url)
        if path is not None and not path.exists():
            path.touch()
        storage = PatientStorage(
            url.full,
            engine_kwargs=engine_kwargs,
            skip_table_creation=complete,
            skip_compatibility_check=complete,
        )
    except ImportError as error:
        raise _needs_psycopg(url) from error
    except OperationalError as error:
        raise _no_connection(url, error.orig) from error
    except RuntimeError as error:  # Optuna's own check of the schema's version
        raise DatabaseUnusable(
            f"--storage: the schema of {url} is of another Optuna version; bring it up to date by "
            f"`perceptuna storage upgrade{url.option}`, which keeps a copy of an SQLite file"
        ) from error
    return StudyStorage(storage)


def check_connection(url: StorageURL, *, create: bool = True) -> None:
    """Whether this machine can use the database of a study. Writes nothing; `create` as for `check_database`.

    Raises:
        DatabaseUnusable: it cannot.
    """
    if url.sqlite_path is not None:
        check_database(url, create=create)
        return
    import sqlalchemy

    try:
        engine = sqlalchemy.create_engine(url.full, connect_args=connect_arguments(url))
        engine.connect().close()
        engine.dispose()
    except ImportError as error:
        raise _needs_psycopg(url) from error
    except sqlalchemy.exc.OperationalError as error:
        raise _no_connection(url, error.orig) from error


def _needs_psycopg(url: StorageURL) -> DatabaseUnusable:
    return DatabaseUnusable(f"--storage: {url} needs psycopg; install perceptuna[postgresql]")


def _no_connection(url: StorageURL, error: BaseException | None) -> DatabaseUnusable:
    return DatabaseUnusable(
        f"--storage: no connection to {url} ({_first_line(error)}); check host, user and password"
    )


def check_database(url: StorageURL, *, create: bool) -> None:
    """Refuse, without writing anything, an SQLite path that cannot be used.

    Raises:
        DatabaseUnusable: no file (unless `create`), missing folder, read-only, not SQLite, other schema.
    """
    path = url.sqlite_path
    if path is None:
        return
    try:
        _check_file(path, create=create)
    except OSError as error:
        raise DatabaseUnusable(f"--storage: {path} cannot be used: {error.strerror}") from error


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
        return
    _check_content(path, create=create)
    if create:
        _check_writable(path, str(path))
        _check_writable(path.parent, f"the folder {path.parent}")


def _check_writable(path: Path, name: str) -> None:
    if not os.access(path, os.W_OK):
        raise DatabaseUnusable(f"--storage: {name} is read-only; make it writable, or name another place")


def _check_content(path: Path, *, create: bool) -> None:
    if not os.access(path, os.R_OK):
        raise DatabaseUnusable(f"--storage: {path} is not readable; change its permissions")
    not_sqlite = DatabaseUnusable(f"--storage: {path} is not an SQLite database; name another file")
    if path.stat().st_size < _SQLITE_HEADER_BYTES:
        raise not_sqlite
    try:
        tables = _table_names(path)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise not_sqlite from error
        raise DatabaseUnusable(f"--storage: {path} cannot be read ({error}); restore a copy of it") from error
    half_made = not tables >= _TABLES and tables <= _optuna_tables()
    if half_made and not create:
        raise DatabaseUnusable(f"no studies in {path}; start one with `perceptuna run STUDY`")
    if not half_made and not tables >= _TABLES:
        raise DatabaseUnusable(f"--storage: {path} is a database of something else; name another file")


def _table_names(path: Path) -> set[str]:
    connection = connect_to_read(path)
    try:
        return {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
    finally:
        connection.close()


def _check_schema(url: StorageURL) -> None:
    """Optuna's own check, over a connection that cannot write.

    Write-ahead mode and tables that came later would already change a database of another version, and
    `optuna storage upgrade` trips over such tables.

    Raises:
        RuntimeError: another version.
    """
    import optuna

    path = url.sqlite_path
    assert path is not None
    reader = optuna.storages.RDBStorage(
        url.full, engine_kwargs={"creator": lambda: connect_to_read(path)}, skip_table_creation=True
    )
    reader.engine.dispose()


def _optuna_tables() -> set[str]:
    """All that Optuna makes, one by one: a kill meanwhile leaves some of them, which the next start completes."""
    from optuna.storages._rdb.models import BaseModel

    return {*BaseModel.metadata.tables, "alembic_version"}


def is_half_made_database(path: Path) -> bool:
    """Whether an SQLite file is empty, or holds the tables that were made before a kill and nothing else."""
    try:
        return path.stat().st_size == 0 or (
            not _has_all_tables(path) and _table_names(path) <= _optuna_tables()
        )
    except sqlite3.DatabaseError:
        return False


def _has_all_tables(path: Path) -> bool:
    """Whether making the tables came to its end: the last thing that Optuna writes is a revision."""
    if not {*_TABLES, "alembic_version"} <= _table_names(path):
        return False
    connection = connect_to_read(path)
    try:
        return connection.execute("select count(*) from alembic_version").fetchone()[0] > 0
    finally:
        connection.close()


def _first_line(error: BaseException | None) -> str:
    return str(error).strip().splitlines()[0] if error is not None else "no reason given"
