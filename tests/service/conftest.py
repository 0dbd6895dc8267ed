"""One service for the tests of a file, with users of each role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from service_fakes import Asker, Team, listening, made_service, made_study


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
