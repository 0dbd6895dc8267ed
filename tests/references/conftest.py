"""Models are fitted in one thread, as in their own process: several wait for each other on a busy machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    import sklearn.ensemble  # loads the libraries that are limited  # noqa: F401

    with threadpool_limits(1):
        yield
