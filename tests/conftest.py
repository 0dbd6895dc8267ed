"""What tests of all folders share."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import optuna
import pytest

import storage.database
import storage.tables
from storage import StorageURL, open_storage

# How long an example takes says how busy the machine is, not whether the code is right.
hypothesis.settings.register_profile("perceptuna", deadline=None)
hypothesis.settings.load_profile("perceptuna")

# Bytes that all tests together leave behind, many times over; those that passed leave nothing.
_ROOM = 4 * 10**9


def pytest_configure(config: pytest.Config) -> None:
    """What tests write lies in memory where there is room for it: a test of the driver waits for a disk 70 times."""
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a slow test come first, so that none of them is left for one process when the other has ended."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session", autouse=True)
def tables_by_copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The tables of an SQLite database are made once and copied: to make them takes longer than most of the tests.

    They are made each time where `tables_made` is used: in tests of the storage itself.
    """
    made = StorageURL.of_file(tmp_path_factory.mktemp("tables") / "empty.db")
    open_storage(made, create=True)._backend.engine.dispose()

    @contextmanager
    def making_alone(url: StorageURL) -> Iterator[None]:
        with storage.tables.making_alone(url):
            if url.sqlite_path is not None and not url.sqlite_path.exists():
                shutil.copyfile(str(made.sqlite_path), url.sqlite_path)
            yield

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage.database, "making_alone", making_alone)
        yield


@pytest.fixture(scope="session", autouse=True)
def migrations_read_once() -> Iterator[None]:
    """Optuna reads all of its migrations whenever a database is opened, only to know the newest: 40 ms each time."""
    from alembic.script import ScriptDirectory

    newest: dict[str, str | None] = {}
    read = ScriptDirectory.get_current_head

    def known(script: ScriptDirectory) -> str | None:
        if script.dir not in newest:
            newest[script.dir] = read(script)
        return newest[script.dir]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptDirectory, "get_current_head", known)
        yield


@pytest.fixture
def tables_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables of each database of this test are made, as everywhere but in tests."""
    monkeypatch.setattr(storage.database, "making_alone", storage.tables.making_alone)


@pytest.fixture(scope="session", autouse=True)
def cache_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Prepared data lies with all that tests leave behind, not in the user's cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PERCEPTUNA_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def unused_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Gives a file system of its own, of a size as `mount` takes it (`64k`); the test is skipped where it may not."""
    disks: list[Path] = []

    def mount(size: str) -> Path:
        folder = tmp_path / f"disk-{size}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("a small disk cannot be mounted: needs root and the right to mount")
        disks.append(folder)
        return folder

    yield mount
    for folder in disks:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def quiet_optuna() -> Iterator[None]:
    """Optuna logs nothing but errors, for one test."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(before)
