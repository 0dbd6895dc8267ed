"""New rows for a model, in pieces, whatever source they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from search.data import DataRequest, DataSpec, NumberColumn, Table
from search.data.preparing.as_trained import Found, as_trained
from search.data.reading.array_rows import ArrayRows, open_arrays_of
from search.data.reading.said_columns import names_in
from search.data.reading.table_pieces import TableFile, Wanted, open_table
from search.data.rows.notes import listed
from search.data.rows.raw import taken
from search.errors import InputError
from spaces.errors import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from search.data.rows.raw import Array

ROWS_AT_ONCE = 8192
IMAGES_AT_ONCE = 1024


@dataclass(frozen=True)
class Piece:
    """Some rows as the model takes them, columns to be written beside the answers, labels as the source has them.

    `weights`: how much each row counts, as the source has it.
    """

    x: Array | Table
    kept: pd.DataFrame
    labels: Any = None
    weights: Any = None


@dataclass(frozen=True)
class NewRows:
    """`total` rows, to be read in pieces; `found` is what stood in the columns of those that were read.

    `kept` names the columns that are to be written beside the answers.
    """

    total: int
    pieces: Callable[[int], Iterator[Piece]]
    at_once: int
    found: dict[str, Found] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def open_rows(
    request: DataRequest, spec: DataSpec, keep: Sequence[str] = (), *, with_labels: bool = False
) -> NewRows:
    """Look at a source for a model that takes rows of `spec`: nothing is read yet but what tells that it fits.

    Raises:
        InputError: the source cannot be read, or lacks what the model needs, or a column of `keep`, or labels.
    """
    table = open_table(request)
    if table is None and spec.kind != "table":
        if keep:
            raise InputError(f"--keep {keep[0]}: {request.source} has no columns; leave --keep out")
        return _of_arrays(request, spec, with_labels=with_labels)
    if table is None or spec.kind != "table":
        takes = {
            "table": "a table",
            "vector": f"vectors of {spec.input_shape[0]:,} numbers",
            "image": "images",
        }
        raise InputError(
            f"{request.source} is {'a table' if table else 'no table'}, and the model takes {takes[spec.kind]}, as "
            f"those of {spec.source}; name such a source"
        )
    return _of_table(table, request, spec, keep, with_labels=with_labels)


def rows_at(request: DataRequest, spec: DataSpec, places: Array) -> Array | Table:
    """Rows of a table or of vectors by their places in the source, which ascend; at least one.

    Raises:
        InputError: as `open_rows`.
    """
    rows, start = open_rows(request, spec), 0
    found: list[Array | Table] = []
    for piece in rows.pieces(rows.at_once):
        here = places[(places >= start) & (places < start + len(piece.x))] - start
        start += len(piece.x)
        if len(here):
            found.append(taken(piece.x, here))
        if start > places[-1]:
            break
    tables = [piece for piece in found if isinstance(piece, Table)]
    if not tables:
        return np.concatenate([piece for piece in found if not isinstance(piece, Table)])
    return Table(
        {
            name: replace(column, values=np.concatenate([table.columns[name].values for table in tables]))
            for name, column in tables[0].columns.items()
        }
    )


def _of_table(
    table: TableFile, request: DataRequest, spec: DataSpec, keep: Sequence[str], *, with_labels: bool
) -> NewRows:
    target = target_columns(spec) if with_labels else []
    weight = [spec.weight] if with_labels and spec.weight in table.names else []
    keep = tuple(dict.fromkeys(name for text in keep for name in names_in(text, table.names)))
    _refuse_missing(table.names, request, spec, keep, target)
    wanted = Wanted(
        numbers=(*(column.name for column in spec.columns if isinstance(column, NumberColumn)), *weight),
        texts=(*(column.name for column in spec.columns if not isinstance(column, NumberColumn)), *target),
        kept=keep,
    )
    found = {column.name: Found() for column in spec.columns}

    def pieces(size: int) -> Iterator[Piece]:
        for piece in table.pieces(wanted, size):
            labels = _labels(piece.columns, target, spec)
            weights = piece.columns[weight[0]] if weight else None
            yield Piece(as_trained(piece.columns, spec, found), piece.kept, labels, weights)

    return NewRows(
        table.rows,
        pieces,
        ROWS_AT_ONCE,
        found,
        _of_weights(spec, there=bool(weight)) if with_labels else (),
        keep,
    )


def target_columns(spec: DataSpec) -> list[str]:
    """Of a table; none of arrays."""
    if spec.target is None:
        return []
    return [one.name for one in spec.targets] or [spec.target]


def _labels(columns: pd.DataFrame, target: Sequence[str], spec: DataSpec) -> Any:
    """One column, or several of several targets; None where there is none."""
    if not target:
        return None
    return columns[list(target)] if spec.targets else columns[target[0]]


def _of_weights(spec: DataSpec, *, there: bool) -> tuple[str, ...]:
    """How rows count, where those of the study did not count alike."""
    if not spec.weight:
        return ()
    if there:
        return (
            f"metrics count rows as '{spec.weight}' says, as in the study; what is taken for what, and errors, "
            "count each row once",
        )
    return (f"there is no '{spec.weight}', by which rows of the study counted: each counts as one here",)


def _refuse_missing(
    names: Sequence[str], request: DataRequest, spec: DataSpec, keep: Sequence[str], target: Sequence[str]
) -> None:
    there = set(names)
    lacking = [column.name for column in spec.columns if column.name not in there]
    if lacking:
        alike = did_you_mean(lacking[0], names) if len(lacking) == 1 else ""
        numbered = request.header and all(column.name.isdecimal() for column in spec.columns)
        hint = "; the training file had no line of names: say so (--no-header)" if numbered else ""
        raise InputError(
            f"{request.source} lacks {len(lacking):,} of the {len(spec.columns):,} columns that the model needs: "
            f"{listed(lacking)}{alike}; it has {listed(names)}{hint}"
        )
    for name in target:
        if name not in there:
            raise InputError(
                f"{request.source} has no column '{name}', {'the target' if len(target) == 1 else 'a target'}, that "
                f"answers could be compared with{did_you_mean(name, names)}; `perceptuna predict` needs none"
            )
    for name in keep:
        if name not in there:
            raise InputError(
                f"--keep: {request.source} has no column '{name}'{did_you_mean(name, names)}; it has {listed(names)}"
            )


def _of_arrays(request: DataRequest, spec: DataSpec, *, with_labels: bool) -> NewRows:
    import pandas as pd

    size = (spec.input_shape[0], spec.input_shape[1]) if spec.kind == "image" else (0, 0)
    resize = spec.resized is not None
    rows = open_arrays_of(
        request,
        size,
        resize=resize,
        with_labels=with_labels,
        weight=spec.weight if with_labels else "",
        targets=max(1, len(spec.targets)),
    )
    if with_labels and rows.labels is None:
        raise InputError(
            f"{request.source} says no row's class or value, that answers could be compared with"
        )

    def pieces(at_once: int) -> Iterator[Piece]:
        for start in range(0, rows.rows, at_once):
            end = min(start + at_once, rows.rows)
            files = {"file": list(rows.files[start:end])} if rows.files else {}
            labels = rows.labels[start:end] if rows.labels is not None else None
            weights = None if rows.weights is None else pd.Series(rows.weights[start:end])
            yield Piece(
                _fitting(rows, start, end, request.source, spec), pd.DataFrame(files), labels, weights
            )

    told = _of_weights(spec, there=rows.weights is not None) if with_labels else ()
    at_once = IMAGES_AT_ONCE if spec.kind == "image" else ROWS_AT_ONCE
    return NewRows(rows.rows, pieces, at_once, notes=(*rows.notes, *told))


def _fitting(rows: ArrayRows, start: int, end: int, source: str, spec: DataSpec) -> Array:
    """Rows as the model takes them; grey images are colours that are alike."""
    x = rows.x(start, end)
    image = spec.kind == "image"
    if image and x.ndim == 4 and x.shape[-1] == 1 and spec.input_shape[-1] == 3:
        x = np.repeat(x, 3, axis=-1)
    fits = x.shape[1:] == spec.input_shape or (
        spec.resized is not None and x.shape[3:] == spec.input_shape[2:]
    )
    if not fits or image != (x.dtype == np.uint8 and x.ndim == 4):
        shape = " x ".join(map(str, spec.input_shape))
        came = " x ".join(map(str, x.shape[1:]))
        raise InputError(
            f"{source} holds rows of {came}, and the model takes {'images' if image else 'vectors'} of {shape}, as "
            f"those of {spec.source}"
        )
    return x
