"""The tables of a database: whether they are there, and that one process at a time makes them.

Optuna makes them in several transactions, each of which fails where another process was quicker.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from storage.errors import StorageError
from storage.postgresql import held_connection
from storage.reading import connect_to_read, reading
from storage.urls import StorageURL

TABLES = {"studies", "trials", "version_info"}
# Making the tables takes a second; a machine that is busy with ten starts takes longer.
_WAIT_SECONDS = 120
# Of the advisory lock under which they are made in PostgreSQL: "perceptu" in ASCII.
_KEY = int.from_bytes(b"perceptu", "big")


def are_whole(url: StorageURL) -> bool:
    """Whether making the tables came to its end: the last thing that Optuna writes is a revision.

    Raises:
        sqlite3.Error, SQLAlchemyError: the database cannot be read.
    """
    path = url.sqlite_path
    if path is not None:
        return path.exists() and _are_whole_in(path)
    wanted = sorted({*TABLES, "alembic_version"})
    with reading(url) as connection:
        there = (connection.execute(text("select to_regclass(:name)"), {"name": name}) for name in wanted)
        if any(found.scalar() is None for found in there):
            return False
        return bool(connection.execute(text("select count(*) from alembic_version")).scalar())


def are_unmade(url: StorageURL) -> bool:
    """Whether nothing was kept at `url` yet: no file, an empty one, or what a kill left of making the tables.

    What holds something else, or cannot be read, is not for this question; `check_database` refuses it.
    """
    path = url.sqlite_path
    if path is None:
        return not are_whole(url)
    if not path.exists():
        return path.parent.is_dir()
    try:
        return path.is_file() and (
            path.stat().st_size == 0 or (not _are_whole_in(path) and names_in(path) <= _optunas())
        )
    except sqlite3.DatabaseError:
        return False


def are_half_made(names: set[str]) -> bool:
    """Whether an SQLite database with these tables is one that a kill left while they were made."""
    return not names >= TABLES and names <= _optunas()


def names_in(path: Path) -> set[str]:
    """The tables of an SQLite file."""
    with closing(connect_to_read(path)) as connection:
        return {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}


def _are_whole_in(path: Path) -> bool:
    if not {*TABLES, "alembic_version"} <= names_in(path):
        return False
    with closing(connect_to_read(path)) as connection:
        return bool(connection.execute("select count(*) from alembic_version").fetchone()[0])


def _optunas() -> set[str]:
    """All that Optuna makes, one by one: a kill meanwhile leaves some of them, which the next start completes."""
    from optuna.storages._rdb.models import BaseModel

    return {*BaseModel.metadata.tables, "alembic_version"}


@contextmanager
def making_alone(url: StorageURL) -> Iterator[None]:
    """Held by one process at a time; free at once when it is killed. Who has waited has to look again.

    Raises:
        StorageError: another process makes them for longer than that can take.
    """
    path = url.sqlite_path
    with _alone_with_file(path) if path is not None else _alone_on_server(url):
        yield


@contextmanager
def _alone_with_file(path: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(path.with_name(f"{path.name}.lock"))
    try:
        lock.acquire(timeout=_WAIT_SECONDS)
    except Timeout:
        raise _too_long(lock.lock_file) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _alone_on_server(url: StorageURL) -> Iterator[None]:
    with held_connection(url) as connection:
        connection.execute(text(f"set lock_timeout = '{_WAIT_SECONDS}s'"))
        try:
            connection.execute(text("select pg_advisory_lock(:key)"), {"key": _KEY})
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != "55P03":  # lock_not_available
                raise
            raise _too_long(f"advisory lock {_KEY}") from None
        yield


def _too_long(lock: str) -> StorageError:
    return StorageError(
        f"another process has been making the tables of this database for {_WAIT_SECONDS} s ({lock}); "
        "end it if it hangs, then run the command again"
    )
