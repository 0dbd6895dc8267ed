"""One driver per study: a lock that the operating system or the server releases when its holder dies.

Whoever holds the lock knows that every RUNNING trial of the study is an orphan. No heartbeat, no grace
period: a dead driver's study is free at once.
"""

from __future__ import annotations

import hashlib
from types import TracebackType
from typing import Any, Protocol

from storage.errors import DatabaseUnusable, StudyBusy
from storage.urls import StorageURL

# Long enough to outlast `is_held`, which takes a file's lock for a moment to see whether it is free.
_PATIENCE_SECONDS = 0.5


class StudyLock(Protocol):
    """Held from `acquire` until `release`, or until this process is gone."""

    def acquire(self) -> None:
        """Raises StudyBusy when another driver holds it."""

    def release(self) -> None: ...

    def is_held(self) -> bool:
        """Whether anybody holds it. Writes nothing, and keeps no driver out."""

    def __enter__(self) -> StudyLock: ...

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class _Lock:
    def __init__(self, url: StorageURL, study: str) -> None:
        self._url = url
        self._study = study

    def _busy(self) -> StudyBusy:
        return StudyBusy(
            f"study '{self._study}' is being driven by another process; wait for its end, or ask for it by "
            f"`perceptuna stop {self._study}{self._url.option}`"
        )

    def acquire(self) -> None:
        raise NotImplementedError

    def release(self) -> None:
        raise NotImplementedError

    def is_held(self) -> bool:
        raise NotImplementedError

    def __enter__(self) -> StudyLock:
        self.acquire()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


class FileStudyLock(_Lock):
    """A locked file beside the SQLite database, for processes of one machine."""

    def __init__(self, url: StorageURL, study: str) -> None:
        from filelock import FileLock

        super().__init__(url, study)
        assert url.sqlite_path is not None
        self.path = url.sqlite_path.with_name(f"{url.sqlite_path.name}-{study}.lock")
        self._lock = FileLock(self.path)

    def acquire(self) -> None:
        from filelock import Timeout

        try:
            self._lock.acquire(timeout=_PATIENCE_SECONDS, poll_interval=0.05)
        except Timeout:
            raise self._busy() from None
        except OSError as error:
            raise DatabaseUnusable(f"--storage: {self.path} cannot be locked: {error.strerror}") from error

    def release(self) -> None:
        self._lock.release()

    def is_held(self) -> bool:
        from filelock import Timeout

        if not self.path.exists():
            return False
        try:
            with self._lock.acquire(timeout=0):
                return False
        except Timeout:
            return True


class PostgresStudyLock(_Lock):
    """An advisory lock on a connection that is held: the server frees it when the connection ends."""

    def __init__(self, url: StorageURL, study: str) -> None:
        from sqlalchemy import create_engine

        super().__init__(url, study)
        digest = hashlib.sha256(f"perceptuna:{study}".encode()).digest()
        self._key = int.from_bytes(digest[:8], "big", signed=True)
        self._engine = create_engine(url.full)
        self._connection: Any = None

    def acquire(self) -> None:
        from sqlalchemy import text

        self._connection = self._engine.connect()
        got = self._connection.execute(text("select pg_try_advisory_lock(:key)"), {"key": self._key}).scalar()
        # An open transaction would hold back the server's vacuum for as long as the study runs.
        self._connection.commit()
        if not got:
            self.release()
            raise self._busy()

    def release(self) -> None:
        if self._connection is not None:
            # Closing would hand the connection, lock included, back to the pool.
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
        self._engine.dispose()

    def is_held(self) -> bool:
        from sqlalchemy import text

        # The server shows a lock of one 64-bit key as two halves (PostgreSQL's manual, view pg_locks).
        halves = {"high": (self._key >> 32) & 0xFFFFFFFF, "low": self._key & 0xFFFFFFFF}
        with self._engine.connect() as connection:
            found = connection.execute(text(_ADVISORY_LOCKS), halves).scalar()
        self._engine.dispose()
        return bool(found)


_ADVISORY_LOCKS = """
    select count(*) from pg_locks
    where locktype = 'advisory' and granted and objsubid = 1
      and database = (select oid from pg_database where datname = current_database())
      and classid::bigint = :high and objid::bigint = :low
"""


def study_lock(url: StorageURL, study: str) -> StudyLock:
    """The lock of `study` at `url`, not yet acquired."""
    return FileStudyLock(url, study) if url.sqlite_path is not None else PostgresStudyLock(url, study)


def is_driven(url: StorageURL, study: str) -> bool:
    """Whether a living driver holds the study. Writes nothing."""
    return study_lock(url, study).is_held()
