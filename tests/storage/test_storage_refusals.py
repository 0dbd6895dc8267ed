"""What keeps a database from being opened is named, with what helps; exit code 2 is for a wrong URL alone."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import optuna
import pytest
import sqlalchemy

from search.study.study import study_names
from storage import DatabaseUnusable, StorageError, StorageURL, open_storage
from storage.backup import back_up
from storage.refusals import opening


def place(path: Path) -> StorageURL:
    """A study, and no process that has it open."""
    url = StorageURL.of_file(path)
    storage = open_storage(url, create=True)
    optuna.create_study(study_name="one", storage=storage)
    storage._backend.engine.dispose()
    return url


def refusal(action: Callable[[], object]) -> StorageError:
    with pytest.raises(StorageError) as error:
        action()
    return error.value


def test_a_file_system_that_is_mounted_read_only(mounted: Callable[[str], Path]) -> None:
    disk = mounted("1536k")
    url, new = place(disk / "studies.db"), StorageURL.of_file(disk / "new.db")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    for action in (
        lambda: study_names(url),
        lambda: open_storage(url, create=True),
        lambda: open_storage(url),
    ):
        error = refusal(action)
        assert not isinstance(error, DatabaseUnusable)
        assert "is mounted read-only" in str(error)
        assert (
            "copy studies.db, studies.db-wal and studies.db-artifacts to a place that can be written"
            in str(error)
        )
    error = refusal(lambda: open_storage(new, create=True))
    assert not isinstance(error, DatabaseUnusable)
    assert "mounted read-only; name another place" in str(error)


def test_a_disk_that_is_full_at_the_start(mounted: Callable[[str], Path]) -> None:
    disk = mounted("1536k")
    url, new = place(disk / "studies.db"), StorageURL.of_file(disk / "new.db")
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 1024)
    for action in (lambda: study_names(url), lambda: open_storage(new, create=True)):
        error = refusal(action)
        assert not isinstance(error, DatabaseUnusable)
        assert "free some disk space" in str(error)


def test_a_limit_of_the_size_of_files(tmp_path: Path) -> None:
    url = place(tmp_path / "studies.db")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_480, before[1]))
    try:
        errors = [
            refusal(lambda: open_storage(StorageURL.of_file(tmp_path / "new.db"), create=True)),
            refusal(lambda: back_up(url, tmp_path / "copy.db")),
        ]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    for error in errors:
        assert not isinstance(error, DatabaseUnusable)
        assert "no file of this process may pass 20 KB (`ulimit -f`); raise that limit" in str(error)


def _of_server(words: str) -> sqlalchemy.exc.OperationalError:
    return sqlalchemy.exc.OperationalError("", {}, Exception(f"connection failed: FATAL:  {words}"))


@pytest.mark.parametrize(
    ("words", "wrong_url", "advice"),
    [
        ('password authentication failed for user "me"', True, "check user and password"),
        ('role "me" does not exist', True, "check the user's name"),
        ('database "studies" does not exist', True, "create it"),
        ('no pg_hba.conf entry for host "10.0.0.1"', True, "admit this user"),
        ("could not translate host name", True, "check the name of the host"),
        ("connection failed: Connection refused", True, "see that the server runs, and check host and port"),
        ("the database system is starting up", False, "run the command again"),
        ("the database system is shutting down", False, "wait until the server is back"),
        ("sorry, too many clients already", False, "raise the server's max_connections"),
        ("remaining connection slots are reserved for", False, "raise the server's max_connections"),
        ("could not extend file: No space left on device", False, "free some disk space"),
        ("permission denied for schema public", False, "grant this user that right"),
        ("cannot execute CREATE TABLE in a read-only transaction", False, "name the one that is written to"),
        ("connection timeout expired", False, "see that the server runs"),
        ("se/cret is what I was told", False, "see that the server runs"),
    ],
)
def test_what_a_server_says_decides_whose_turn_it_is(words: str, wrong_url: bool, advice: str) -> None:
    def fail() -> None:
        with opening(StorageURL.parse("postgresql://me:se%2Fcret@host/studies")):
            raise _of_server(words)

    error = refusal(fail)
    assert isinstance(error, DatabaseUnusable) == wrong_url
    assert advice in str(error)
    assert "cret" not in str(error)


def test_a_real_server_that_refuses(url: StorageURL) -> None:
    if url.sqlite_path is not None:
        pytest.skip("of PostgreSQL alone")
    wrong = StorageURL(url.url.set(database="nobody_made_this"))
    assert isinstance(refusal(lambda: open_storage(wrong)), DatabaseUnusable)
    engine = sqlalchemy.create_engine(url.full, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        name = url.url.database
        connection.execute(sqlalchemy.text(f'alter database "{name}" set default_transaction_read_only = on'))
    engine.dispose()
    error = refusal(lambda: open_storage(url, create=True))
    assert not isinstance(error, DatabaseUnusable)
    assert "only reads (a standby, or set so)" in str(error)


@pytest.mark.parametrize("code", [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR])
def test_a_fault_of_the_disk_is_no_wrong_url(sqlite_url: StorageURL, code: int) -> None:
    def fail() -> None:
        with opening(sqlite_url):
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = code
            raise error

    assert not isinstance(refusal(fail), DatabaseUnusable)
