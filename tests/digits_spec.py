"""What prepared data says of itself, without preparing any."""

from __future__ import annotations

from typing import Any

from search.data import DataSpec
from search.data.preparing.spec import Rows


def digits_spec(**changes: Any) -> DataSpec:
    """As of digits, with `changes`."""
    values: dict[str, Any] = {
        "source": "digits",
        "fingerprint": "f" * 64,
        "kind": "image",
        "task": "multiclass",
        "input_shape": (8, 8, 1),
        "class_names": tuple("0123456789"),
        "rows": Rows(train=1257, validation=270, test=270),
        "seed": 0,
        "val_fraction": 0.15,
        "test_fraction": 0.15,
    }
    return DataSpec(**{**values, **changes})
