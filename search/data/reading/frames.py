"""Columns of a table by name, whether they are in memory or read when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd


class Columns(Protocol):
    """What is asked of a DataFrame; of a large file, that what is asked for is read then."""

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""

    def items(self) -> Iterable[tuple[Any, pd.Series[Any]]]:
        """Each column once, in the order of the file."""

    def __getitem__(self, name: str, /) -> Any:
        """A column."""
