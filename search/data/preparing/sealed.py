"""The test split. Nothing that searches may import this: a value seen in a search is no test any more."""

from __future__ import annotations

from search.data.preparing.prepared import PreparedData, open_arrays, open_groups, open_weights
from search.data.rows.raw import Array


def open_test_split(prepared: PreparedData) -> tuple[Array, Array]:
    """x and y that no trial has seen, memory-mapped; shapes and dtypes as in `PreparedData`."""
    return open_arrays(prepared, "test")


def open_test_weights(prepared: PreparedData) -> Array | None:
    """How much each row of the test split counts; None where all count alike."""
    return open_weights(prepared, "test")


def open_test_groups(prepared: PreparedData) -> Array:
    """The group of each row of the test split, where no group may be on two sides."""
    return open_groups(prepared, "test")
