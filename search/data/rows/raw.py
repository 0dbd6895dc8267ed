"""Rows as they were read: validated, not yet split or preprocessed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from search.data.rows.request import DataRequest

Array = NDArray[Any]
Kind = Literal["image", "vector", "table"]
Task = Literal["binary", "multiclass", "regression", "multilabel", "multioutput"]
ColumnKind = Literal["number", "boolean", "category", "date", "text"]


@dataclass(frozen=True)
class TableColumn:
    """One column of a table.

    `values` is float64 (rows,) with NaN for missing (number, boolean), or an object array of str with "" for
    missing (category, date, text). `template` is a date's layout, as `search.data.columns.date_forms` has them, or how
    numbers are written, as `search.data.columns.numbers` has it ("" plainly). `said`: the user says that it is of this
    kind. `zone` is the time zone that the file's type of the column says, whose clocks the dates tell; "" without one.
    """

    kind: ColumnKind
    values: Array
    template: str = ""
    said: bool = False
    zone: str = ""

    def __len__(self) -> int:
        return len(self.values)

    def missing(self) -> NDArray[np.bool_]:
        """True where the row has no value; shape (rows,). Infinite numbers count as missing."""
        if self.kind in ("number", "boolean"):
            return ~np.isfinite(self.values)
        return np.asarray(self.values == "", dtype=np.bool_)

    def take(self, rows: Array) -> TableColumn:
        """Some of its rows, in memory."""
        return replace(self, values=self.values[rows])

    def only(self, rows: Array) -> TableColumn:
        """Some of its rows, kept where the column is: those of one on disk on disk."""
        return self.take(rows)


@dataclass(frozen=True)
class Table:
    """Columns of equal length, in the order of the file, without the target."""

    columns: dict[str, TableColumn]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def take(self, rows: Array) -> Table:
        """As `TableColumn.take`."""
        return Table({name: column.take(rows) for name, column in self.columns.items()})

    def only(self, rows: Array) -> Table:
        """As `TableColumn.only`."""
        return Table({name: column.only(rows) for name, column in self.columns.items()})


def taken(rows: Array | Table, places: Array) -> Array | Table:
    """Some of the rows."""
    return rows.take(places) if isinstance(rows, Table) else rows[places]


@dataclass(frozen=True)
class Times:
    """When each row was, of the column `name`: numbers, or days since 1970-01-01 where `date`; float64 (rows,).

    `clock`: its dates tell the time of the day.
    """

    name: str
    values: Array
    date: bool = False
    clock: bool = False


@dataclass(frozen=True)
class OneTarget:
    """One of several targets: a quantity, or a label with its two classes.

    `written` says how a quantity stands in a text file, where not as Python writes numbers.
    """

    name: str
    class_names: tuple[str, ...] = ()
    written: str = ""


@dataclass(frozen=True)
class RawData:
    """A source, read and validated.

    `x` is uint8 (rows, height, width, channels), an array of finite numbers (rows, features), or a `Table`; what is too
    large for memory is mapped, or on disk.
    `y` is int32 class indices into `class_names`, or float64 target values; both (rows,). Of several `targets` it is
    (rows, targets): float64 values, or int32 indices, 0 or 1, into the two classes of each.
    The last `given_test` rows are the test split that the source brought along, the `given_validation` rows before them
    its validation split; 0 where it brought none.
    `resized` is set where images were brought to one size. `target_written` says how the targets of a regression stand
    in a text file, where not plainly.
    `groups`, int64 (rows,), numbers what has to stay on one side of the split, and `times` orders the rows, where the
    user asks for that. `weights`, float64 (rows,), are none below 0 and say how much each row counts; None where all
    count alike.
    """

    request: DataRequest
    kind: Kind
    task: Task
    x: Array | Table
    y: Array
    class_names: tuple[str, ...] = ()
    target: str | None = None
    target_written: str = ""
    given_validation: int = 0
    given_test: int = 0
    resized: tuple[int, int] | None = None
    notes: tuple[str, ...] = field(default=())
    groups: Array | None = None
    times: Times | None = None
    weights: Array | None = None
    targets: tuple[OneTarget, ...] = ()

    @property
    def split_rows(self) -> int:
        """How many rows, the first ones, no given split has."""
        return len(self.y) - self.given_validation - self.given_test
