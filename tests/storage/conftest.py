"""Every backend a study can be kept in. PostgreSQL is tried where $PERCEPTUNA_TEST_POSTGRESQL names a server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
import pytest
import sqlalchemy
from postgresql_server import Server, programs

from storage import StorageURL, open_storage

POSTGRESQL = "PERCEPTUNA_TEST_POSTGRESQL"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StorageURL]:
    """An empty place for studies."""
    if request.param == "sqlite":
        yield StorageURL.parse(str(tmp_path / "studies.db"))
        return
    with fresh_server_database() as fresh:
        yield fresh


@contextmanager
def fresh_server_database() -> Iterator[StorageURL]:
    """An empty database of the server that tests may use; the test is skipped where there is none."""
    server = os.environ.get(POSTGRESQL)
    if server is None:
        pytest.skip(
            f"${POSTGRESQL} names no server (postgresql://USER@HOST/DATABASE, allowed to create databases)"
        )
    with _fresh_database(StorageURL.parse(server).url) as fresh:
        yield StorageURL(fresh)


class _fresh_database:  # noqa: N801 - used as a context manager only
    def __init__(self, server: sqlalchemy.URL) -> None:
        self._engine = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT")
        self._name = f"perceptuna_{uuid.uuid4().hex[:12]}"
        self._url = server.set(database=self._name)

    def _execute(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.execute(sqlalchemy.text(statement))

    def __enter__(self) -> sqlalchemy.URL:
        self._execute(f"create database {self._name}")
        return self._url

    def __exit__(self, *exception: object) -> None:
        self._execute(f"drop database {self._name} with (force)")
        self._engine.dispose()


@pytest.fixture
def server() -> Iterator[Server]:
    """A PostgreSQL server of the test's own, to be stopped and started."""
    if programs() is None:
        pytest.skip("PostgreSQL's programs are not installed (Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="perceptuna-server-"))
    server = Server(folder)
    server.create()
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> StorageURL:
    return StorageURL.parse(str(tmp_path / "studies.db"))


@pytest.fixture
def study(url: StorageURL) -> optuna.Study:
    """An empty study."""
    return optuna.create_study(study_name="one", storage=open_storage(url, create=True))


@pytest.fixture
def process() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts Python code in a process of its own, with `sys.argv[1:]`; ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", textwrap.dedent(code), *arguments]
        running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(running)
        return running

    yield start
    for running in started:
        running.kill()
        running.communicate()
