"""What can go wrong with storage, and the one place that translates SQLAlchemy's and Optuna's errors.

StorageError            trouble while working: exit 3, the study can be resumed
├── DatabaseUnusable    the URL names nothing that can be used: exit 2, nothing was written
└── StudyBusy           another process drives this study: exit 2
"""

from __future__ import annotations

import sqlite3


class StorageError(Exception):
    """The database or the artifact folder failed while it was in use."""


class DatabaseUnusable(StorageError):
    """The storage URL is wrong, or what it names is not a database of studies."""


class StudyBusy(StorageError):
    """Another driver holds this study's lock."""


# SQLite's own words for a fault, and what a person does about it.
_REMEDIES = {
    "database is locked": "another program held it for more than 30 s; close that program",
    "database or disk is full": "free some disk space",
    "readonly database": "the file or its folder is read-only; make both writable",
    "unable to open database file": "its folder is gone or not accessible; bring it back",
    "disk I/O error": "check the disk",
    "malformed": "the file is damaged; restore a copy of it",
    "not a database": "the file was overwritten; restore a copy of it",
    "no such table": "the file was replaced by another; restore a copy of it",
}


def translate(error: Exception) -> StorageError | None:
    """`error` as a StorageError with cause and remedy, or None where it has nothing to do with storage.

    Optuna wraps database errors in StorageInternalError, whose own text misleads: the root cause is shown.
    """
    if isinstance(error, StorageError):
        return error
    cause = _database_cause(error)
    if cause is None:
        return None
    reason = str(cause).splitlines()[0]
    remedy = next((hint for words, hint in _REMEDIES.items() if words in reason), "see the cause above")
    return StorageError(f"storage failed: {reason}; {remedy}, then resume the study")


def _database_cause(error: BaseException) -> BaseException | None:
    """The driver's own error at the root of SQLAlchemy's and Optuna's wrappers."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    current: BaseException | None = error
    cause: BaseException | None = None
    while current is not None:
        if isinstance(current, DBAPIError) and current.orig is not None:
            return current.orig
        if isinstance(current, SQLAlchemyError | StorageInternalError | sqlite3.Error):
            cause = current
        current = current.__cause__ or current.__context__
    return cause
