"""What tests of all folders share."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import optuna
import pytest


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
