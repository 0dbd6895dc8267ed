"""How a study's lock is lost or cannot be had, on each backend in its own way. (What both promise: the contract.)"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
import sqlalchemy

from storage import DatabaseUnusable, StorageError, StorageURL, StudyBusy, is_driven, study_lock
from storage.lock import PostgresStudyLock
from storage.postgresql import SERVER_NOTICE


class TestFile:
    def test_a_lock_whose_file_was_deleted_is_lost(self, sqlite_url: StorageURL, tmp_path: Path) -> None:
        with study_lock(sqlite_url, "one") as lock:
            (tmp_path / "studies.db-one.lock").unlink()
            with pytest.raises(StorageError, match=r"its file .*studies.db-one.lock was deleted or replaced"):
                lock.ensure_held()
            with study_lock(sqlite_url, "one"), pytest.raises(StorageError, match="is lost"):
                lock.ensure_held()

    def test_a_study_of_another_program_may_have_a_name_that_is_no_file_name(
        self, sqlite_url: StorageURL, tmp_path: Path
    ) -> None:
        with study_lock(sqlite_url, "a/../b"):
            assert is_driven(sqlite_url, "a/../b")
            assert [path.name for path in tmp_path.glob("*.lock")] == ["studies.db-a%2F..%2Fb.lock"]

    def test_a_second_driver_does_not_wipe_out_the_name_of_the_first(self, sqlite_url: StorageURL) -> None:
        with study_lock(sqlite_url, "one") as lock:
            for _ in range(2):
                with pytest.raises(StudyBusy, match=f"process {os.getpid()};"):
                    study_lock(sqlite_url, "one").acquire()
                assert is_driven(sqlite_url, "one")
            lock.ensure_held()

    def test_a_lock_file_that_cannot_be_written_is_named(
        self, sqlite_url: StorageURL, tmp_path: Path
    ) -> None:
        (tmp_path / "studies.db-one.lock").mkdir()
        with pytest.raises(
            DatabaseUnusable,
            match=r"studies.db-one.lock cannot be locked \(Is a directory\); make it and its folder writable",
        ):
            study_lock(sqlite_url, "one").acquire()

    def test_who_may_only_read_sees_whether_a_study_is_driven(
        self, sqlite_url: StorageURL, process: Callable[..., subprocess.Popen[str]]
    ) -> None:
        assert sqlite_url.sqlite_path is not None
        path = sqlite_url.sqlite_path.with_name("studies.db-one.lock")
        ask = """
            import os, sys
            from storage import StorageURL, is_driven
            writes = os.open
            os.open = lambda path, flags, *rest: writes(path, flags, *rest) if flags == os.O_RDONLY else 1 / 0
            print(is_driven(StorageURL.parse(sys.argv[1]), "one"))
        """
        with study_lock(sqlite_url, "one"):
            path.chmod(0o444)
            assert process(ask, sqlite_url.full).communicate(timeout=30)[0] == "True\n"
        assert process(ask, sqlite_url.full).communicate(timeout=30)[0] == "False\n"


class TestServer:
    @pytest.fixture
    def server(self, url: StorageURL) -> StorageURL:
        if url.sqlite_path is not None:
            pytest.skip("of PostgreSQL alone")
        return url

    def test_a_lock_whose_connection_the_server_ended_is_lost_and_free(self, server: StorageURL) -> None:
        with study_lock(server, "one") as lock:
            lock.ensure_held()
            engine = sqlalchemy.create_engine(server.full, isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.execute(
                    sqlalchemy.text(
                        "select pg_terminate_backend(l.pid) from pg_locks l join pg_database d on d.oid = l.database "
                        "where locktype = 'advisory' and datname = current_database()"
                    )
                )
            engine.dispose()
            with pytest.raises(StorageError, match="the connection that held it ended"):
                lock.ensure_held()
            with study_lock(server, "one"):
                pass

    def test_the_server_asks_after_its_holder_every_half_minute(self, server: StorageURL) -> None:
        """So that the lock of a machine that died is free about a minute later, and not after hours."""
        with study_lock(server, "one") as lock:
            assert isinstance(lock, PostgresStudyLock)
            shown = {
                name: lock._connection.execute(sqlalchemy.text(f"show {name}")).scalar()
                for name in SERVER_NOTICE
            }
        assert shown == {
            "tcp_keepalives_idle": "30",
            "tcp_keepalives_interval": "10",
            "tcp_keepalives_count": "3",
            "tcp_user_timeout": "60000",
        }

    def test_it_holds_back_no_vacuum(self, server: StorageURL, study: optuna.Study) -> None:
        with study_lock(server, "one") as lock:
            lock.ensure_held()
            engine = sqlalchemy.create_engine(server.full)
            with engine.connect() as connection:
                states = connection.execute(
                    sqlalchemy.text(
                        "select state from pg_stat_activity where application_name like 'perceptuna %'"
                    )
                ).scalars()
                assert set(states) == {"idle"}
            engine.dispose()
