"""Every test here stands in an empty folder, with a cache and a database of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cli_calls import CommandLine, build_study, close_connections

from storage import StorageURL


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("PERCEPTUNA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("PERCEPTUNA_STORAGE", raising=False)
    return work


@pytest.fixture
def perceptuna(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> CommandLine:
    return CommandLine(folder, capsys, monkeypatch)


@pytest.fixture(scope="session")
def _stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with three studies: `done` has its budget, `half` has not, `new` has no trial yet."""
    base = tmp_path_factory.mktemp("stored")
    path = base / "perceptuna.db"
    url = StorageURL.parse(str(path))
    build_study(url, base / "cache", "done", [0.91, 0.95, 0.93], trials=3)
    build_study(url, base / "cache", "half", [0.9], trials=4)
    build_study(url, base / "cache", "new", [], trials=4)
    close_connections(url, "done", "half", "new")
    return path


@pytest.fixture
def studies(folder: Path, _stored: Path) -> Path:
    """The database of `_stored` at its default place."""
    for file in _stored.parent.glob(f"{_stored.name}*"):
        shutil.copy(file, folder)
    return folder / _stored.name
