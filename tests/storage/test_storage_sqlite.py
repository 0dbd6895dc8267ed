"""SQLite: its settings on every connection, paths that are refused untouched, faults in words that help."""

from __future__ import annotations

import os
import pickle
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest

import storage.database
import storage.sqlite
from storage import DatabaseUnusable, StorageError, StorageURL, check_database, open_storage
from storage.errors import translate
from storage.sqlite import WALConnection

pytestmark = pytest.mark.usefixtures("tables_made")

Snapshot = dict[str, tuple[int, bytes | None]]


def snapshot(folder: Path) -> Snapshot:
    """Every file below `folder` with its content and time of change."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else None,
        )
        for path in sorted(folder.rglob("*"))
    }


def pragmas(opened: Any) -> list[tuple[str, int, int]]:
    """Journal mode, synchronous and busy timeout (ms) of several connections that are open at once."""
    engine = opened._backend.engine
    connections = [engine.connect() for _ in range(4)]
    try:
        return [
            tuple(
                connection.exec_driver_sql(f"pragma {name}").scalar()
                for name in ("journal_mode", "synchronous", "busy_timeout")
            )
            for connection in connections
        ]
    finally:
        for connection in connections:
            connection.close()


def test_every_connection_writes_ahead_and_waits(sqlite_url: StorageURL) -> None:
    opened = open_storage(sqlite_url, create=True)
    assert pragmas(opened) == [("wal", 2, 30_000)] * 4  # 2 is FULL: a commit waits for the disk
    assert pragmas(pickle.loads(pickle.dumps(opened))) == [("wal", 2, 30_000)] * 4
    opened._backend.engine.dispose()
    assert pragmas(opened) == [("wal", 2, 30_000)] * 4


def test_only_a_workers_reports_do_not_wait_for_the_disk(sqlite_url: StorageURL) -> None:
    study = optuna.create_study(study_name="one", storage=open_storage(sqlite_url, create=True))
    assert pragmas(study._storage) == [("wal", 2, 30_000)] * 4
    assert pragmas(open_storage(sqlite_url, for_reports=True)) == [("wal", 1, 30_000)] * 4  # 1 is NORMAL


def test_a_database_that_optuna_made_is_brought_to_write_ahead(sqlite_url: StorageURL) -> None:
    optuna.storages.RDBStorage(sqlite_url.full).engine.dispose()
    assert pragmas(open_storage(sqlite_url)) == [("wal", 2, 30_000)] * 4


def test_reading_makes_no_file(sqlite_url: StorageURL, tmp_path: Path) -> None:
    with pytest.raises(
        DatabaseUnusable, match=r"no database at .*; start a study with `perceptuna run STUDY`"
    ):
        open_storage(sqlite_url)
    assert list(tmp_path.iterdir()) == []


def _foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table customers (name text)")
        connection.commit()


def _without_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table t (x)")
        connection.execute("drop table t")
        connection.commit()


def _truncated(path: Path) -> None:
    _of_studies(path)
    with path.open("r+b") as file:
        file.truncate(5_000)


def _of_studies(path: Path) -> None:
    opened = optuna.storages.RDBStorage(f"sqlite:///{path}")
    optuna.create_study(study_name="one", storage=opened)
    opened.engine.dispose()


def _older(path: Path) -> None:
    """As an earlier Optuna left it: another revision, and without a table that came later."""
    _of_studies(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("update alembic_version set version_num = 'v2.6.0.a'")
        connection.execute("drop table trial_heartbeats")
        connection.commit()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.mkdir(), "is a folder; name a file in it"),
        (lambda path: path.write_text("epoch,loss\n1,0.5\n" * 20), "is not an SQLite database"),
        (lambda path: path.write_bytes(os.urandom(4096)), "is not an SQLite database"),
        (lambda path: path.write_bytes(b"SQLite"), "is not an SQLite database"),
        (_foreign, "is a database of something else; name another file"),
        (_truncated, "cannot be read .*; restore a copy of it"),
        (_older, "is of another Optuna version; bring it up to date by `perceptuna storage upgrade"),
    ],
)
@pytest.mark.parametrize("create", [False, True])
def test_what_is_no_database_of_studies_is_refused_and_not_touched(
    sqlite_url: StorageURL, tmp_path: Path, make: Any, reason: str, create: bool
) -> None:
    assert sqlite_url.sqlite_path is not None
    make(sqlite_url.sqlite_path)
    before = snapshot(tmp_path)
    with pytest.raises(DatabaseUnusable, match=reason):
        open_storage(sqlite_url, create=create)
    after = snapshot(tmp_path)
    after = {name: facts for name, facts in after.items() if not name.endswith(("-wal", "-shm"))}
    assert after == before


@pytest.mark.parametrize("make", [Path.touch, _without_tables])
def test_an_empty_file_is_filled_by_run_alone(sqlite_url: StorageURL, tmp_path: Path, make: Any) -> None:
    assert sqlite_url.sqlite_path is not None
    make(sqlite_url.sqlite_path)
    before = snapshot(tmp_path)
    with pytest.raises(DatabaseUnusable, match=r"no (database|studies)"):
        open_storage(sqlite_url)
    assert snapshot(tmp_path) == before
    optuna.create_study(study_name="one", storage=open_storage(sqlite_url, create=True))
    assert optuna.get_all_study_names(open_storage(sqlite_url)) == ["one"]


def test_no_file_is_made_beside_the_log_of_a_deleted_one(sqlite_url: StorageURL, tmp_path: Path) -> None:
    """Which a study may still write to: both would be damaged."""
    study = optuna.create_study(study_name="one", storage=open_storage(sqlite_url, create=True))
    assert sqlite_url.sqlite_path is not None
    sqlite_url.sqlite_path.unlink()
    with pytest.raises(DatabaseUnusable, match=r"studies.db-wal lies there without its database"):
        open_storage(sqlite_url, create=True)
    assert not sqlite_url.sqlite_path.exists()
    del study


@pytest.mark.parametrize("name", ["missing/studies.db", "x" * 300 + ".db", "file/studies.db"])
@pytest.mark.parametrize("create", [False, True])
def test_a_path_that_cannot_be_is_refused(tmp_path: Path, name: str, create: bool) -> None:
    (tmp_path / "file").touch()
    before = snapshot(tmp_path)
    with pytest.raises(DatabaseUnusable, match=r"does not exist; create it first|File name too long"):
        check_database(StorageURL.parse(str(tmp_path / name)), create=create)
    assert snapshot(tmp_path) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_place_is_refused_before_a_study_is_made(sqlite_url: StorageURL, tmp_path: Path) -> None:
    assert sqlite_url.sqlite_path is not None
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(DatabaseUnusable, match="is read-only; make it writable, or name another place"):
            check_database(sqlite_url, create=True)
    finally:
        tmp_path.chmod(0o700)


def test_opening_again_does_not_give_up_the_locks_of_this_process(
    sqlite_url: StorageURL, process: Callable[..., subprocess.Popen[str]]
) -> None:
    """Without them, another process that leaves throws away the log which this one goes on writing to."""
    study = optuna.create_study(study_name="one", storage=open_storage(sqlite_url, create=True))
    read = """
        import sys
        import optuna
        from storage import StorageURL, open_storage
        study = optuna.load_study(study_name="one", storage=open_storage(StorageURL.parse(sys.argv[1])))
        print(study.user_attrs)
        """
    seen = []
    for number in (1, 2):
        check_database(sqlite_url, create=True)
        open_storage(sqlite_url)
        study.set_user_attr("number", number)
        seen.append(process(read, sqlite_url.full).communicate(timeout=60)[0])
    assert seen == ["{'number': 1}\n", "{'number': 2}\n"]


class TestFaults:
    """Real faults under a study that is being written."""

    @pytest.fixture
    def path(self, sqlite_url: StorageURL) -> Path:
        assert sqlite_url.sqlite_path is not None
        _of_studies(sqlite_url.sqlite_path)
        return sqlite_url.sqlite_path

    @staticmethod
    def study(path: Path) -> optuna.Study:
        return optuna.load_study(study_name="one", storage=open_storage(StorageURL.parse(str(path))))

    @staticmethod
    def explained(error: pytest.ExceptionInfo[Exception]) -> str:
        translated = translate(error.value)
        assert isinstance(translated, StorageError)
        assert "resume" not in str(translated)
        return str(translated)

    @staticmethod
    def sound(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]

    def test_a_lock_of_another_program(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(storage.sqlite, "BUSY_SECONDS", 0.1)
        study = self.study(path)
        with closing(sqlite3.connect(path)) as other:
            other.execute("begin immediate")
            with pytest.raises(Exception) as error:  # noqa: PT011 - of any library
                study.set_user_attr("x", 1)
        assert "database is locked; another program held it" in self.explained(error)
        study.set_user_attr("x", 2)
        assert study.user_attrs == {"x": 2}

    def test_a_database_that_became_read_only(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        class ReadOnly(WALConnection):
            def __init__(self, name: str, *args: Any, **kwargs: Any) -> None:
                super().__init__(f"file:{name}?mode=ro", *args, uri=True, **kwargs)

        with closing(sqlite3.connect(path)) as connection:
            connection.execute("pragma journal_mode=wal")
        monkeypatch.setattr(storage.database, "WALConnection", ReadOnly)
        study = self.study(path)
        with pytest.raises(Exception) as error:  # noqa: PT011
            study.set_user_attr("x", 1)
        assert "readonly database; the file or its folder is read-only; make both writable" in self.explained(
            error
        )

    def test_a_full_disk(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        class FullDisk(WALConnection):
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                self.execute("pragma max_page_count=1")  # SQLite takes the present size where that is more

        monkeypatch.setattr(storage.database, "WALConnection", FullDisk)
        study = self.study(path)
        study.set_user_attr("before", 1)
        with pytest.raises(Exception) as error:  # noqa: PT011, PT012
            for number in range(1_000):
                study.set_user_attr(f"attribute {number}", "x" * 1_000)
        assert "database or disk is full; free some disk space" in self.explained(error)
        self.sound(path)
        monkeypatch.undo()
        assert self.study(path).user_attrs["before"] == 1

    def test_a_file_that_was_overwritten(self, path: Path) -> None:
        study = self.study(path)
        study._storage._backend.engine.dispose()
        path.write_bytes(b"something else " * 1_000)
        with pytest.raises(Exception) as error:  # noqa: PT011
            study.set_user_attr("x", 1)
        assert "not a database; the file was overwritten; restore a copy of it" in self.explained(error)

    def test_a_file_that_was_replaced(self, path: Path) -> None:
        study = self.study(path)
        study._storage._backend.engine.dispose()
        path.unlink()
        _foreign(path)
        with pytest.raises(Exception) as error:  # noqa: PT011
            study.set_user_attr("x", 1)
        assert "no such table" in self.explained(error)
        assert "the file was replaced by another; restore a copy of it" in self.explained(error)

    def test_a_folder_that_is_gone(self, path: Path) -> None:
        study = self.study(path)
        study._storage._backend.engine.dispose()
        shutil.rmtree(path.parent)
        with pytest.raises(Exception) as error:  # noqa: PT011
            study.set_user_attr("x", 1)
        assert "unable to open database file; it or its folder is gone" in self.explained(error)

    def test_an_unknown_fault_still_shows_its_cause(self) -> None:
        error = sqlite3.OperationalError("the moon is full")
        assert str(translate(error)) == "storage failed: the moon is full; see the cause above"

    def test_an_error_of_our_own_stays_as_it_is(self) -> None:
        error = DatabaseUnusable("no such place")
        assert translate(error) is error

    def test_a_bug_is_no_storage_fault(self) -> None:
        assert translate(KeyError("width")) is None
