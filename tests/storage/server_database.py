"""Databases of the PostgreSQL server that tests may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.starters import fresh_database
from storage import StorageURL

POSTGRESQL = "PERCEPTUNA_TEST_POSTGRESQL"


@contextmanager
def fresh_server_database() -> Iterator[StorageURL]:
    """An empty one, dropped afterwards; the test is skipped where there is no server."""
    server = os.environ.get(POSTGRESQL)
    if server is None:
        pytest.skip(
            f"${POSTGRESQL} names no server (postgresql://USER@HOST/DATABASE, allowed to create databases)"
        )
    with fresh_database(server) as url:
        yield url
