"""What tests of data share: files of rows, as requests."""

from __future__ import annotations

import numpy as np
import pytest

from search.data import DataRequest


@pytest.fixture
def csv(tmp_path):
    """A file of text or bytes, with the target `y`."""

    def write(text, /, *, name="rows.csv", **options):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return DataRequest(str(path), **({"target": "y"} | options))

    return write


@pytest.fixture
def npz(tmp_path):
    """A file of arrays."""

    def save(*unnamed, **arrays):
        path = tmp_path / "rows.npz"
        np.savez(path, *unnamed, **arrays)
        return DataRequest(str(path))

    return save
