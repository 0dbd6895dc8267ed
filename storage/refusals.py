"""Why a database cannot be opened: the cause, what to do about it, and whose turn it is.

A wrong `--storage` is the user's to mend (DatabaseUnusable), a disk, server or limit in trouble is not (StorageError).
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from storage.errors import DatabaseUnusable, StorageError, reason_of, remedy_of
from storage.urls import StorageURL

# In the words of libpq and of the server; a connection that fails has no SQLSTATE.
_WRONG_URL = {
    "Connection refused": "see that the server runs, and check host and port",
    "password authentication failed": "check user and password",
    "no password supplied": "give the password by $PGPASSWORD or a password file (~/.pgpass)",
    "no pg_hba.conf entry": "let the server's pg_hba.conf admit this user from this machine",
    "role ": "check the user's name",
    "database ": "create it (`createdb`), or name one that is there",
    "resolve host": "check the name of the host",
    "translate host name": "check the name of the host",
    "invalid connection option": "check what follows '?' in the URL",
    "invalid sslmode value": "check what follows '?' in the URL",
}
# What SQLite writes beside a database to read it, with room to spare.
_LITTLE_SPACE = 2**20
_OF_A_NAME = ("role ", "database ")
_WRONG_PATH = {errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EINVAL}


@contextmanager
def opening(url: StorageURL) -> Iterator[None]:
    """What keeps the database at `url` from being opened inside leaves as a StorageError.

    Raises:
        DatabaseUnusable: the URL is wrong, or psycopg is missing.
        StorageError: the disk, the server or a limit of this process is in the way.
    """
    try:
        yield
    except ImportError as error:
        raise DatabaseUnusable(f"--storage: {url} needs psycopg; install perceptuna[postgresql]") from error
    except (sqlite3.Error, SQLAlchemyError, OSError) as error:
        raise _refusal(url, error) from error


def _refusal(url: StorageURL, error: Exception) -> StorageError:
    reason = url.masked(reason_of(error))
    path = url.sqlite_path
    if path is not None:
        if isinstance(error, OSError) and error.errno in _WRONG_PATH:
            return DatabaseUnusable(f"--storage: {path} cannot be used: {error.strerror}; name another place")
        return StorageError(f"--storage: {path} cannot be opened: {reason}; {_remedy_for(path, reason)}")
    for words, remedy in _WRONG_URL.items():
        if words in reason and (words not in _OF_A_NAME or "does not exist" in reason):
            return DatabaseUnusable(f"--storage: no connection to {url} ({reason}); {remedy}")
    return StorageError(f"--storage: {url} cannot be opened ({reason}); {remedy_of(reason)}")


def is_read_only(folder: Path) -> bool:
    """Whether it lies on a file system that is mounted read-only."""
    with suppress(OSError):
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    return False


def _remedy_for(path: Path, reason: str) -> str:
    """SQLite's own words do not tell a read-only or full file system from a broken disk."""
    if is_read_only(path.parent):
        return (
            f"the file system of {path.parent} is mounted read-only, and SQLite has to write beside the file even to "
            f"read it; copy {path.name}, {path.name}-wal and {path.name}-artifacts to a place that can be written, "
            "and name that"
        )
    with suppress(OSError):
        free = shutil.disk_usage(path.parent).free
        if free < _LITTLE_SPACE:
            return f"{free / 2**10:,.0f} KB are free in {path.parent}; free some disk space"
    return remedy_of(reason)
