"""What can go wrong with storage, and the one place that translates SQLAlchemy's and Optuna's errors.

StorageError            trouble while working: exit 3, the study can be resumed
├── ArtifactsUnusable   ... with the folder of artifacts
├── DatabaseUnusable    the URL names nothing that can be used: exit 2, nothing was written
└── StudyBusy           another process drives this study: exit 2
"""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

MOVED = "was moved, deleted or replaced"


class StorageError(Exception):
    """The database or the artifact folder failed while it was in use."""


class ArtifactsUnusable(StorageError):
    """A file cannot be written to the folder of artifacts."""


class DatabaseUnusable(StorageError):
    """The storage URL is wrong, or what it names is not a database of studies."""


class StudyBusy(StorageError):
    """Another driver holds this study's lock."""


class DatabaseMoved(sqlite3.OperationalError):
    """The file that a connection writes to is no longer the one at its path: what it writes is lost at the end.

    An error of SQLite's kind, as it is raised below SQLAlchemy; `translate` makes it ours.
    """


# SQLite's and the system's own words for a fault, and what a person does about it.
_REMEDIES = {
    "database is locked": "another program held it for more than 30 s; close that program",
    "database or disk is full": "free some disk space",
    "No space left": "free some disk space",
    "quota exceeded": "free some disk space",
    "readonly database": "the file or its folder is read-only; make both writable",
    "Read-only file system": "make it writable",
    "Permission denied": "make it writable",
    "Operation not permitted": "make it writable",
    "unable to open database file": "it or its folder is gone or not accessible; bring it back",
    "disk I/O error": "check the disk and its quota",
    "File too large": "raise the limit of the size of files (`ulimit -f`)",
    "malformed": "the file is damaged; restore a copy of it",
    "not a database": "the file was overwritten; restore a copy of it",
    "no such table": "the file was replaced by another; restore a copy of it",
    MOVED: "bring it back",
    "starting up": "the server will be ready in a moment; run the command again",
    "shutting down": "wait until the server is back",
    "too many": "close some connections, or raise the server's max_connections",
    "connection slots": "close some connections, or raise the server's max_connections",
    "read-only transaction": "this server only reads (a standby, or set so); name the one that is written to",
    "permission denied for": "let the server's administrator grant this user that right",
    "timeout": "see that the server runs and can be reached",
    "connection": "see that the server runs and can be reached",
}
_OF_FILE_SIZE = ("File too large", "disk I/O error")
_FULL_OR_READ_ONLY = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}
_MAY_PASS = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
}


def translate(error: Exception) -> StorageError | None:
    """`error` as a StorageError with cause and remedy, or None where it has nothing to do with storage.

    Optuna wraps database errors in StorageInternalError, whose own text misleads: the root cause is shown.
    """
    if isinstance(error, StorageError):
        return error
    if _cause(error) is None:
        return None
    reason = reason_of(error)
    return StorageError(f"storage failed: {reason}; {remedy_of(reason)}")


def remedy_of(reason: str) -> str:
    """What a person does about a fault, by its own words."""
    remedy = next((hint for words, hint in _REMEDIES.items() if words in reason), "see the cause above")
    most = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if most != resource.RLIM_INFINITY and any(words in reason for words in _OF_FILE_SIZE):
        # SQLite's own words do not tell this from a broken disk.
        return f"no file of this process may pass {most / 2**10:,.0f} KB (`ulimit -f`); raise that limit, or {remedy}"
    return remedy


@contextmanager
def translated() -> Iterator[None]:
    """Faults of storage inside become StorageErrors, which travel between processes with their cause in words."""
    try:
        yield
    except Exception as error:
        fault = translate(error)
        # An error that is its own cause would keep whoever follows the causes (Dask does) for ever.
        if fault is None or fault is error:
            raise
        raise fault from error


def reason_of(error: BaseException) -> str:
    """The root cause in the first line of its own words."""
    if isinstance(error, ArtifactsUnusable):
        return str(error).partition(";")[0]
    cause = _cause(error) or error
    if isinstance(cause, OSError) and cause.strerror:
        return f"{cause.filename}: {cause.strerror}" if cause.filename else cause.strerror
    return (str(cause).strip() or type(cause).__name__).splitlines()[0]


def may_pass(error: BaseException) -> bool:
    """Whether waiting may mend it: a lock, a full or read-only disk, a file that is away, a lost connection.

    A damaged file, a missing table or a wrong statement stays what it is.
    """
    if isinstance(error, ArtifactsUnusable):
        return True
    cause = _cause(error)
    if isinstance(cause, DatabaseMoved):
        return True
    if isinstance(cause, sqlite3.Error):
        # The extended codes hold the primary one in their lowest byte.
        return (getattr(cause, "sqlite_errorcode", None) or 0) & 0xFF in _MAY_PASS
    if isinstance(cause, OSError):
        return True
    from sqlalchemy.exc import InterfaceError, OperationalError

    return any(isinstance(link, OperationalError | InterfaceError) for link in _chain(error))


def _cause(error: BaseException) -> BaseException | None:
    """The driver's own error at the root of SQLAlchemy's and Optuna's wrappers; or a disk that takes nothing."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    cause: BaseException | None = None
    for link in _chain(error):
        if isinstance(link, DBAPIError) and link.orig is not None:
            return link.orig
        if isinstance(link, SQLAlchemyError | StorageInternalError | sqlite3.Error):
            cause = link
    if cause is None and isinstance(error, OSError) and _is_full_or_read_only(error):
        return error
    return cause


def _is_full_or_read_only(error: OSError) -> bool:
    # HDF5 raises an OSError without a number, which has the system's words in its text.
    return error.errno in _FULL_OR_READ_ONLY or os.strerror(errno.ENOSPC) in str(error)


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__
