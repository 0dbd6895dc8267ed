"""Columns of a text table that is too large to be read at once: piece by piece into a scratch file.

A column is what it would be if the file were read at once. pandas asks whether all of its fields are whole numbers,
else numbers, else booleans, else takes them as text; asked of a piece, the answer may be another one than of the next.
So columns whose pieces differ are read once more, as what the whole of them is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from search.data.rows.raw import Array
from search.data.rows.scratch import Scratch, Stored

if TYPE_CHECKING:
    import pandas as pd

ReadPieces = Callable[[Mapping[str, Any] | None], Iterator["pd.DataFrame"]]
"""Reads the file from its beginning: all columns, or those that are named, each as the type that is named with it.

A type that is None says that it is read at once, as pandas finds it."""

# Whole numbers that may be beyond 64 bits, of which pandas makes texts, floats or Python's own, by what is beside them.
_HUGE = re.compile(r"[+-]?\d{19,}")
# Whole numbers below are the same float64, however they are read.
_EXACT = 2**53


class TextColumns:
    """As a DataFrame of the whole file, of which one column at a time is in memory."""

    def __init__(self, names: tuple[str, ...], rows: int, read: ReadPieces) -> None:
        self._rows, self._scratch = rows, Scratch()
        self._columns = {name: _Column(self._scratch, rows) for name in names}
        self._take_in(read(None))
        differing = [name for name, column in self._columns.items() if column.differs()]
        again = {name: self._columns[name].whole_type() for name in differing}
        for only in (
            {name: kind for name, kind in again.items() if kind is not None},
            {name: None for name, kind in again.items() if kind is None},
        ):
            if only:
                for name in only:
                    self._columns[name] = _Column(self._scratch, rows)
                self._take_in(read(only))

    def _take_in(self, pieces: Iterator[pd.DataFrame]) -> None:
        self.read = 0
        for frame in pieces:
            for name, series in frame.items():
                self._columns[str(name)].add(self.read, series)
            self.read += len(frame)

    @property
    def shape(self) -> tuple[int, int]:
        return self._rows, len(self._columns)

    def __getitem__(self, name: str) -> pd.Series[Any]:
        return self._columns[name].series()

    def pop(self, name: str) -> pd.Series[Any]:
        """A column, which is none of these any more."""
        return self._columns.pop(name).series()

    def items(self) -> Iterator[tuple[str, pd.Series[Any]]]:
        """Each column, with its name."""
        for name, column in self._columns.items():
            yield name, column.series()


class JoinedColumns:
    """Columns of several files, one below the other; `names` are those that all of them have."""

    def __init__(self, files: list[Any], names: list[str]) -> None:
        self._files, self._names = files, names

    @property
    def shape(self) -> tuple[int, int]:
        return sum(file.shape[0] for file in self._files), len(self._names)

    def __getitem__(self, name: str) -> pd.Series[Any]:
        import pandas as pd

        return pd.concat([file[name] for file in self._files], ignore_index=True)

    def pop(self, name: str) -> pd.Series[Any]:
        """As `TextColumns.pop`."""
        self._names = [one for one in self._names if one != name]
        return self[name]

    def items(self) -> Iterator[tuple[str, pd.Series[Any]]]:
        """As `TextColumns.items`."""
        for name in self._names:
            yield name, self[name]


@dataclass
class _Piece:
    """Fields of one piece of a column: numbers or booleans as they are, or numbers of its texts; -1 for missing."""

    kind: str
    held: Stored


@dataclass
class _Column:
    """A column in pieces.

    `kind` of a piece is that of NumPy: i, u, f, b; "s" for texts, "o" for booleans with gaps, "h" for texts or
    objects with whole numbers of 19 digits or more among them, "" where all is missing.
    """

    scratch: Scratch
    rows: int
    pieces: list[_Piece] = field(default_factory=list)
    number_of: dict[Any, int] = field(default_factory=dict)
    negative: bool = False
    exact: bool = True

    def add(self, start: int, series: pd.Series[Any]) -> None:
        """The next piece, from row `start` on."""
        kind: str = series.dtype.kind
        if kind not in "iufb" or not isinstance(series.dtype, np.dtype):
            self._add_objects(series)
            return
        values = series.to_numpy()
        if kind == "f" and np.isnan(values).all():
            kind = ""
        if kind == "i" and len(values):
            low, high = int(values.min()), int(values.max())
            self.negative |= low < 0
            self.exact &= max(-low, high) < _EXACT
        self.pieces.append(_Piece(kind, self.scratch.keep(values)))

    def _add_objects(self, series: pd.Series[Any]) -> None:
        import pandas as pd

        codes, distinct = pd.factorize(series)
        of_piece = [self.number_of.setdefault(value, len(self.number_of)) for value in distinct]
        numbers = np.array([*of_piece, -1], np.int32)[codes]
        kind = "" if not of_piece else "s"
        if all(isinstance(value, bool) for value in distinct) and of_piece:
            kind = "o"
        elif any(_HUGE.fullmatch(str(value)) for value in distinct):
            kind = "h"
        self.pieces.append(_Piece(kind, self.scratch.keep(numbers)))

    @property
    def _kinds(self) -> set[str]:
        return {piece.kind for piece in self.pieces} - {""}

    @property
    def _gaps(self) -> bool:
        return any(piece.kind == "" for piece in self.pieces)

    def differs(self) -> bool:
        """Whether pieces are of types that the whole is not of."""
        kinds = self._kinds
        if not kinds or kinds <= {"b", "o"}:
            return False
        if kinds <= {"i", "f"}:
            return not self.exact and (len(kinds) > 1 or self._gaps)
        return len(self.pieces) > 1 and ("h" in kinds or len(kinds) > 1 or (kinds == {"u"} and self._gaps))

    def whole_type(self) -> Any:
        """What a column that differs is; None where only pandas can tell."""
        kinds = self._kinds
        if kinds & {"u", "h"}:
            return None
        return np.float64 if kinds <= {"i", "f"} else str

    def series(self) -> pd.Series[Any]:
        """All of its rows, as pandas reads them at once."""
        import pandas as pd

        kinds = self._kinds
        if kinds & {"s", "o", "h"} or (kinds == {"b"} and self._gaps):
            return self._of_objects()
        whole = len(kinds) == 1 and not self._gaps
        values = np.empty(self.rows, self.pieces[0].held.dtype if whole else np.float64)
        start = 0
        for piece in self.pieces:
            values[start : start + len(piece.held)] = piece.held.all()
            start += len(piece.held)
        return pd.Series(values)

    def _of_objects(self) -> pd.Series[Any]:
        """Texts, or True and False; NaN where missing."""
        import pandas as pd

        distinct = np.array([*self.number_of, np.nan], dtype=object)
        parts: list[Array] = []
        for piece in self.pieces:
            if piece.kind == "" and piece.held.dtype.kind == "f":
                parts.append(np.full(len(piece.held), np.nan, dtype=object))
            elif piece.kind == "b":
                parts.append(piece.held.all().astype(object))
            else:
                parts.append(distinct[piece.held.all()])
        texts = bool(self.number_of) and all(isinstance(value, str) for value in self.number_of)
        return pd.Series(np.concatenate(parts), dtype="str" if texts else object)
