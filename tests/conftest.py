"""What tests of all folders share."""

from __future__ import annotations

import socket
from collections.abc import Iterator

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
