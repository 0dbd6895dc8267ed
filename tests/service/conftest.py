"""One service for the tests of a file, with users of each role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from asking_a_service import Shell
from service_fakes import Asker, Team, listening, made_service, made_study

import perceptuna as pt
from search import cli as command_line


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """With a folder of data, and a finished study `made` that was started from a shell."""
    folder = tmp_path_factory.mktemp("team")
    data = folder / "data"
    data.mkdir()
    (data / "table.csv").write_text("a,b\n1,2\n")
    service = made_service(folder, data=data)
    made_study(service, "made", [0.9, 0.95, float("inf")])
    tokens = [service.users.add(name, role) for name, role in _USERS]
    with listening(service) as port:
        admin, anna, ben, viewer = (Asker(port, token) for token in tokens)
        yield Team(service, admin, anna, ben, viewer, Asker(port))


_USERS = (("root", "admin"), ("anna", "user"), ("ben", "user"), ("vera", "viewer"))


@pytest.fixture
def data(team: Team) -> Path:
    """The folder in which users may name files."""
    assert team.service.data is not None
    return team.service.data


@pytest.fixture
def shell(
    team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    """A shell of anna's in a folder of its own: exit code, output and errors of a command."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PERCEPTUNA_SERVICE", f"http://127.0.0.1:{team.anna.port}")
    monkeypatch.setenv("PERCEPTUNA_TOKEN", str(team.anna.token))

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["perceptuna", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            command_line.main()
        return int(end.value.code or 0), *capsys.readouterr()

    return call


@pytest.fixture
def anna(team: Team) -> pt.service.Service:
    return pt.connect(f"http://127.0.0.1:{team.anna.port}", team.anna.token)
