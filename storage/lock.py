"""One driver per study: a lock that the operating system or the server releases when its holder dies.

Whoever holds the lock knows that every RUNNING trial of the study is an orphan. No heartbeat, no grace
period: a dead driver's study is free at once.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import socket
from abc import ABC, abstractmethod
from contextlib import suppress
from types import TracebackType
from typing import Any
from urllib.parse import quote

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from storage.errors import DatabaseUnusable, StorageError, StudyBusy
from storage.postgresql import lasting_engine, notice_death
from storage.sqlite import inode_of
from storage.urls import StorageURL

# Long enough to outlast `is_held`, which takes a file's lock for a moment to see whether it is free.
_PATIENCE_SECONDS = 0.5


class StudyLock(ABC):
    """Held from `acquire` until `release`, or until this process is gone."""

    def __init__(self, url: StorageURL, study: str) -> None:
        self._url = url
        self._study = study

    @abstractmethod
    def acquire(self) -> None:
        """Raises StudyBusy when another driver holds it."""

    @abstractmethod
    def release(self) -> None: ...

    @abstractmethod
    def is_held(self) -> bool:
        """Whether anybody holds it. Writes nothing, and keeps no driver out."""

    @abstractmethod
    def holder(self) -> str | None:
        """`HOST, process PID` of who holds it, where that can be found out; means something only while it is held."""

    @abstractmethod
    def ensure_held(self) -> None:
        """Raises StorageError when this process has lost it: from then on another driver may have the study.

        Quick enough to ask before every write of a driver (two `stat` calls, or one round trip to the server).
        """

    def __enter__(self) -> StudyLock:
        self.acquire()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()

    def _busy(self) -> StudyBusy:
        holder = self.holder()
        return StudyBusy(
            f"study '{self._study}' is being driven by {f'host {holder}' if holder else 'another process'}; wait for "
            f"its end, or ask for it by `perceptuna stop {self._study}{self._url.option}`"
        )

    def _lost(self, why: str) -> StorageError:
        return StorageError(
            f"the lock of study '{self._study}' is lost: {why}; another driver may have the study by now, so this "
            "one wrote nothing more; see that no other runs"
        )


class FileStudyLock(StudyLock):
    """A locked file beside the SQLite database, for processes of one machine; it holds its holder's name."""

    def __init__(self, url: StorageURL, study: str) -> None:
        from filelock import FileLock

        super().__init__(url, study)
        assert url.sqlite_path is not None
        # Studies of other programs may have names that are no file names.
        self.path = url.sqlite_path.with_name(f"{url.sqlite_path.name}-{quote(study, safe='')}.lock")
        self._lock = FileLock(self.path)
        self._inode: tuple[int, int] | None = None

    def acquire(self) -> None:
        from filelock import Timeout

        try:
            self._lock.acquire(timeout=_PATIENCE_SECONDS, poll_interval=0.05)
        except Timeout:
            raise self._busy() from None
        except OSError as error:
            raise DatabaseUnusable(
                f"--storage: {self.path} cannot be locked ({error.strerror}); make it and its folder writable"
            ) from error
        self._inode = inode_of(self.path)
        # A full disk keeps a name from being written; the lock holds without it.
        with suppress(OSError):
            self.path.write_text(f"{_this_process()}\n", encoding="utf-8")

    def release(self) -> None:
        self._inode = None
        self._lock.release()

    def is_held(self) -> bool:
        # Opened to read: who may only look at a study may ask this too. filelock would want to write.
        try:
            file = os.open(self.path, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def holder(self) -> str | None:
        try:
            return self.path.read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError):
            return None

    def ensure_held(self) -> None:
        if self._inode is None or inode_of(self.path) != self._inode:
            raise self._lost(f"its file {self.path} was deleted or replaced")


class PostgresStudyLock(StudyLock):
    """An advisory lock on a connection that is held: the server frees it when the connection ends.

    The connection's application name names the holder. (A pooler between here and the server must not share
    connections by transaction or by statement: the lock belongs to the session.)
    """

    def __init__(self, url: StorageURL, study: str) -> None:
        super().__init__(url, study)
        digest = hashlib.sha256(f"perceptuna:{study}".encode()).digest()
        self._key = int.from_bytes(digest[:8], "big", signed=True)
        self._engine = lasting_engine(url, application_name=_APPLICATION + _this_process())
        self._connection: Any = None

    def acquire(self) -> None:
        self._connection = self._engine.connect()
        notice_death(self._connection)
        got = self._connection.execute(text("select pg_try_advisory_lock(:key)"), {"key": self._key}).scalar()
        if not got:
            self.release()
            raise self._busy()

    def release(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def is_held(self) -> bool:
        return bool(self._holders())

    def holder(self) -> str | None:
        names = [name for name in self._holders() if name and name.startswith(_APPLICATION)]
        return names[0].removeprefix(_APPLICATION) if names else None

    def _holders(self) -> list[str | None]:
        # The server shows a lock of one 64-bit key as two halves (PostgreSQL's manual, view pg_locks).
        halves = {"high": (self._key >> 32) & 0xFFFFFFFF, "low": self._key & 0xFFFFFFFF}
        with self._engine.connect() as connection:
            return list(connection.execute(text(_HOLDERS), halves).scalars())

    def ensure_held(self) -> None:
        if self._connection is None:
            raise self._lost("it was released")
        try:
            self._connection.execute(text("select 1"))
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise self._lost(f"the connection that held it ended ({reason})") from error


_APPLICATION = "perceptuna "
_HOLDERS = """
    select a.application_name from pg_locks l left join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.granted and l.objsubid = 1
      and l.database = (select oid from pg_database where datname = current_database())
      and l.classid::bigint = :high and l.objid::bigint = :low
"""


def _this_process() -> str:
    # The server cuts an application name at 63 bytes.
    return f"{socket.gethostname()[:32]}, process {os.getpid()}"


def study_lock(url: StorageURL, study: str) -> StudyLock:
    """The lock of `study` at `url`, not yet acquired."""
    return FileStudyLock(url, study) if url.sqlite_path is not None else PostgresStudyLock(url, study)


def is_driven(url: StorageURL, study: str) -> bool:
    """Whether a living driver holds the study. Writes nothing."""
    return study_lock(url, study).is_held()
