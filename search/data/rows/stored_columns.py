"""Columns of a table on disk: one at a time is in memory, when somebody asks for its values."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from search.data.rows.raw import Array, TableColumn
from search.data.rows.scratch import Scratch, Stored


def stored(column: TableColumn, scratch: Scratch) -> TableColumn:
    """The same column with its values in `scratch`: numbers in four bytes where that loses nothing, texts by number."""
    if column.values.dtype == object:
        return StoredColumn(column, _Texts.kept(column.values, scratch), scratch)
    with np.errstate(over="ignore"):
        narrow = column.values.astype(np.float32)
    exact = np.array_equal(narrow.astype(np.float64), column.values, equal_nan=True)
    return StoredColumn(column, _Numbers(scratch.keep(narrow if exact else column.values)), scratch)


class _Values(Protocol):
    def __len__(self) -> int: ...

    def all(self) -> Array: ...

    def at(self, rows: Array) -> Array: ...


class StoredColumn(TableColumn):
    """A `TableColumn` whose values are read from disk whenever they are asked for."""

    def __init__(self, of: TableColumn, held: _Values, scratch: Scratch) -> None:
        for name in ("kind", "template", "said", "zone"):
            object.__setattr__(self, name, getattr(of, name))
        object.__setattr__(self, "_held", held)
        object.__setattr__(self, "_scratch", scratch)

    def __len__(self) -> int:
        return len(self._of("_held"))

    @property
    def values(self) -> Array:
        """As `TableColumn` has them."""
        return self._of("_held").all()

    def take(self, rows: Array) -> TableColumn:
        """In memory."""
        return TableColumn(self.kind, self._of("_held").at(rows), self.template, self.said, self.zone)

    def only(self, rows: Array) -> TableColumn:
        """On disk, as this one."""
        return stored(self.take(rows), self._of("_scratch"))

    def _of(self, name: str) -> Any:
        return object.__getattribute__(self, name)


class _Numbers:
    """float64 values, held in any type."""

    def __init__(self, held: Stored) -> None:
        self._held = held

    def __len__(self) -> int:
        return len(self._held)

    def all(self) -> Array:
        return self._held.all().astype(np.float64, copy=False)

    def at(self, rows: Array) -> Array:
        return self._held.at(rows).astype(np.float64, copy=False)


class _Texts:
    """Texts by their numbers among the `distinct`, which are in memory."""

    def __init__(self, distinct: Array, codes: Stored) -> None:
        self._distinct, self._codes = distinct, codes

    @classmethod
    def kept(cls, texts: Array, scratch: Scratch) -> _Texts:
        number_of: dict[str, int] = {}
        codes = np.fromiter(
            (number_of.setdefault(text, len(number_of)) for text in texts), np.int32, len(texts)
        )
        return cls(np.array([*number_of, None], dtype=object)[:-1], scratch.keep(codes))

    def __len__(self) -> int:
        return len(self._codes)

    def all(self) -> Array:
        return np.asarray(self._distinct[self._codes.all()])

    def at(self, rows: Array) -> Array:
        return np.asarray(self._distinct[self._codes.at(rows)])
