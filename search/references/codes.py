"""Codes of categories for models that learn no vectors: one feature for each of the most frequent."""

from __future__ import annotations

from typing import Any

import numpy as np

from search.data import DataSpec

Array = np.ndarray[Any, Any]

# As many as columns have that are not coded; behind those of any other value and of a missing one.
MOST_FLAGS = 52


def flags_of(spec: DataSpec) -> int:
    """How many flags the codes of a row become."""
    return sum(min(MOST_FLAGS, column.codes) for column in spec.coded)


def with_flags(x: Array, spec: DataSpec) -> Array:
    """Prepared rows (rows, features) with each code as `MOST_FLAGS` flags at most; of a rarer value none is set."""
    if not spec.coded:
        return x
    parts, first = [x[:, : -len(spec.coded)]], 0
    for column, codes in zip(spec.coded, x[:, -len(spec.coded) :].T, strict=True):
        flags = np.arange(first, first + min(MOST_FLAGS, column.codes))
        parts.append((codes[:, None] == flags).astype(x.dtype))
        first += column.codes
    return np.concatenate(parts, axis=1)
