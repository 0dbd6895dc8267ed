"""Connections to SQLite that lose nothing, and notice when the file is gone."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from storage.errors import MOVED, DatabaseMoved
from storage.patience import patience_seconds

# At most; less where less patience is asked for.
BUSY_SECONDS = 30.0


class WALConnection(sqlite3.Connection):
    """SQLite in write-ahead mode: readers never wait, and neither a kill nor a power cut loses what was acknowledged.

    Each commit waits until the disk has its log (`synchronous=full`): a trial that is told, a configuration that waits,
    a look at the test split.

    Every commit sees to it that the file is still there: on Linux, SQLite goes on writing to a deleted file, and
    all of it would be gone with the last connection. A file that is missing is not made anew, for the same reason.

    A connection factory applies from the very first connection and survives pickling to workers;
    an event listener of SQLAlchemy does neither.
    """

    _synchronous = "full"

    def __init__(self, database: str, *args: Any, **kwargs: Any) -> None:
        if not database.startswith("file:"):
            database = f"{Path(database).as_uri()}?mode=rw"
        super().__init__(database, *args, **{**kwargs, "uri": True})
        busy = f"busy_timeout={round(busy_seconds() * 1000)}"
        for pragma in (busy, "journal_mode=wal", f"synchronous={self._synchronous}"):
            self.execute(f"pragma {pragma}")
        # To read is to open the log, which stays the same file for as long as this connection is open.
        self.execute("select 1 from sqlite_master limit 1").fetchone()
        path = self.execute("pragma database_list").fetchone()[2]
        self._files = tuple((name, inode_of(name)) for name in (path, f"{path}-wal"))

    def commit(self) -> None:
        """As SQLite's, and it ends well only where the file is in its place afterwards.

        Raises:
            DatabaseMoved: it is not. (When it comes back, the commit is in it.)
        """
        super().commit()
        self.check_in_place()

    def check_in_place(self) -> None:
        """Raises DatabaseMoved when the database or its log is no longer the file at its path (two `stat` calls)."""
        for name, inode in self._files:
            if inode is not None and inode_of(name) != inode:
                raise DatabaseMoved(f"{name} {MOVED} while it was in use")


class ReportingConnection(WALConnection):
    """... whose commits do not wait for the disk: after a power cut the last of them may be missing.

    For a worker, which reports a value after each epoch: the trial that it trains is run again then anyway.
    """

    _synchronous = "normal"


def logs_of(database: Path) -> tuple[Path, Path]:
    """What SQLite has beside a database in write-ahead mode while it is open: its log, and the index of that."""
    return database.with_name(f"{database.name}-wal"), database.with_name(f"{database.name}-shm")


def busy_seconds() -> float:
    """How long SQLite waits for a lock of another program before it gives one try up."""
    return min(BUSY_SECONDS, patience_seconds() / 4)


def copy_to(original: sqlite3.Connection, target: Path) -> str:
    """Copy a database as it is at this moment: `ok` where the copy is sound, else SQLite's own words.

    It is one file, without a log beside it; whoever opens it to write turns the log on again.
    """
    with closing(sqlite3.connect(target)) as copy:
        original.backup(copy)
        copy.execute("pragma journal_mode=delete")
        return str(copy.execute("pragma integrity_check(1)").fetchone()[0])


def inode_of(path: str | Path) -> tuple[int, int] | None:
    """What tells the file at `path` from another that takes its place; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
