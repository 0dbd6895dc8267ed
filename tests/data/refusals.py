"""What a refusal is in all tests of data."""

from __future__ import annotations

import pytest

from search.data import prepare
from search.errors import DataError


def refused(request, tmp_path, *parts):
    """`prepare` refuses with a message that holds each of `parts`, and writes nothing."""
    cache = tmp_path / "cache"
    with pytest.raises(DataError) as error:
        prepare(request, cache)
    for part in parts:
        assert part in str(error.value)
    assert not cache.exists()
