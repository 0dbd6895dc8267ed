"""Every backend a study can be kept in. PostgreSQL is tried where $PERCEPTUNA_TEST_POSTGRESQL names a server."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import optuna
import pytest
from postgresql_server import Server, programs
from server_database import fresh_server_database

from storage import StorageURL, open_storage


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StorageURL]:
    """An empty place for studies."""
    if request.param == "sqlite":
        yield StorageURL.parse(str(tmp_path / "studies.db"))
        return
    with fresh_server_database() as fresh:
        yield fresh


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
def path(sqlite_url: StorageURL) -> Path:
    assert sqlite_url.sqlite_path is not None
    return sqlite_url.sqlite_path


@pytest.fixture
def one(sqlite_url: StorageURL) -> optuna.Study:
    """An empty study in an SQLite file."""
    return optuna.create_study(study_name="one", storage=open_storage(sqlite_url, create=True))


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> float:
    """Two seconds of patience, of which SQLite itself waits half a second at a time."""
    monkeypatch.setenv("PERCEPTUNA_STORAGE_PATIENCE", "2")
    return 2.0


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
