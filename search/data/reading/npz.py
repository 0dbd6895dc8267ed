"""NPZ files: arrays x, y, or x_train, y_train and, where given, x_val, y_val and x_test, y_test."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from search.data.columns.several_targets import joined_targets
from search.data.columns.targets import Target, encode_target
from search.data.columns.weights import checked_weights, refuse_weightless
from search.data.reading.archive import Archive, Header, open_archive
from search.data.reading.npz_rows import (
    arrays_of,
    below_each_other,
    finite_vectors,
    images_of,
    refuse_too_large,
)
from search.data.reading.roles import Roles, roles_of, weights_named
from search.data.rows.raw import Array, RawData
from search.data.rows.request import DataRequest
from search.errors import DataError

_LARGEST_CODE_POINT = 0x10FFFF
_SURROGATES = (0xD800, 0xDFFF)


def read_npz(request: DataRequest) -> RawData:
    """uint8 x of 3 or 4 dimensions is images (rows, height, width[, channels]); other numbers are vectors.

    Raises:
        DataError: the file is no NPZ, lacks arrays, holds objects, NaN, infinities or unequal lengths, or is larger
            than memory.
    """
    source = request.source
    with open_archive(Path(source)) as archive:
        roles = roles_of(archive.names, source, partial(_words, archive))
        of_weights: list[str] = []
        if request.weight is not None:
            of_weights = weights_named(archive.names, roles, request.weight, source)
            roles = roles_of([name for name in archive.names if name not in of_weights], source, str)
        named = [*(name for pair in roles.pairs.values() for name in pair), *of_weights]
        headers = {name: archive.header(name) for name in named}
        check_shapes(roles, headers, source)
        refuse_too_large(roles, headers, source)
        arrays = arrays_of(archive, roles, headers)
    x = below_each_other([arrays[name] for name, _ in roles.pairs.values()])
    y, one_hot, of_labels = labels_of(roles, arrays, source)
    if one_hot and request.task == "regression":
        raise DataError(
            f"{source}: y is one-hot, which are classes; its task is classification, not regression"
        )
    task = "classification" if one_hot else request.task
    target = _target(y, task, source)
    kind: Literal["image", "vector"] = "image" if x.dtype == np.uint8 and x.ndim in (3, 4) else "vector"
    notes = [*roles.notes, *of_labels]
    if kind == "vector" and x.ndim > 2:
        notes.append(
            f"x holds {x.dtype} of shape {x.shape[1:]} in each row: taken as {math.prod(x.shape[1:]):,} features in a "
            "line; images are uint8 (rows, height, width[, channels])"
        )
    x = images_of(x, source) if kind == "image" else finite_vectors(x, source)
    given = {split: headers[pair[0]].shape[0] for split, pair in roles.pairs.items()}
    return RawData(
        request=request,
        kind=kind,
        task=target.task,
        x=x,
        y=target.y,
        class_names=target.class_names,
        targets=target.each,
        given_validation=given.get("val", 0),
        given_test=given.get("test", 0),
        notes=(*notes, *target.notes),
        weights=weights_of(of_weights, roles, arrays, source) if of_weights else None,
    )


def _target(y: Array, task: str | None, source: str) -> Target:
    """Of labels (rows,), or of several targets (rows, targets), which are called by their columns."""
    if y.ndim == 1:
        return encode_target(y, task=task, name=f"y of {source}")
    known = np.ones(len(y), dtype=bool)
    names = [f"y{place}" for place in range(y.shape[1])]
    each = {
        name: (encode_target(values, task=task, name=f"column {place} of y of {source}"), known)
        for place, (name, values) in enumerate(zip(names, y.T, strict=True))
    }
    return joined_targets(each, source)[0]


def weights_of(names: list[str], roles: Roles, arrays: dict[str, Array], source: str) -> Array:
    """How much the rows of all pairs count, float64 (rows,), by an array for each.

    Raises:
        DataError: one has not a number of 0 or more for each row, or none counts.
    """
    parts = []
    for name, (x, _) in zip(names, roles.pairs.values(), strict=True):
        array, place = arrays[name], f"--weight: {name} of {source}"
        rows = len(arrays[x])
        if array.dtype.kind not in "iufb" or array.shape not in ((rows,), (rows, 1)):
            raise DataError(
                f"{place} should hold numbers of shape ({rows},), one for each row of {x}, but is of type "
                f"{array.dtype} and shape {array.shape}"
            )
        weights = array.reshape(rows).astype(np.float64)
        parts.append(checked_weights(weights, place, lambda row, of=weights: str(of[row])))  # type: ignore[misc]
    weights = np.concatenate(parts)
    refuse_weightless(weights, f"--weight: {names[0]} of {source}")
    return weights


def _words(archive: Archive, name: str) -> str:
    """What an array is, for a message; empty where its header cannot be read."""
    try:
        return archive.header(name).words()
    except DataError:
        return ""


def check_shapes(roles: Roles, headers: dict[str, Header], source: str) -> None:
    """All that can be known before values are read; an x may have no y here.

    Raises:
        DataError: types, shapes or lengths do not go together.
    """
    first = next(iter(roles.pairs.values()))[0]
    of_first = headers[first]
    for x_name, y_name in roles.pairs.values():
        x, y = headers[x_name], headers.get(y_name)
        if x.dtype.kind not in "iufb":
            raise DataError(f"{source}: {x_name} should hold numbers, but is of type {x.dtype}")
        if y is not None and y.dtype.kind not in "iufbUS":
            raise DataError(
                f"{source}: {y_name} should hold numbers, booleans or text, but is of type {y.dtype}"
            )
        if len(x.shape) == 0:
            raise DataError(f"{source}: {x_name} is one number; it should have shape (rows, features)")
        if math.prod(x.shape) == 0:
            raise DataError(f"{source}: {x_name} is empty, of shape {x.shape}; it needs rows and features")
        if x.shape[1:] != of_first.shape[1:] or x.dtype.newbyteorder("=") != of_first.dtype.newbyteorder("="):
            raise DataError(
                f"{source}: {x_name} has rows of {x.dtype} {x.shape[1:]}, {first} of "
                f"{of_first.dtype} {of_first.shape[1:]}; they must be alike"
            )
        rows = x.shape[0]
        if y is None:
            continue
        if y.shape not in ((rows,), (rows, 1), (1, rows)) and not (len(y.shape) == 2 and y.shape[0] == rows):
            labels = f"{y.shape[0]:,}" if y.shape[1:] in ((), (1,)) and y.shape else f"the shape {y.shape}"
            raise DataError(
                f"{source}: {x_name} has {rows:,} rows and {y_name} {labels}; each row needs one label"
            )


def labels_of(
    roles: Roles, arrays: dict[str, Array], source: str, *, several: bool = False
) -> tuple[Array, bool, list[str]]:
    """The labels of all rows (rows,), whether they were one-hot, and what was decided about them.

    Of several targets (rows, targets): where they are not one-hot, or are known to be `several`.
    """
    names = [y for _, y in roles.pairs.values()]
    parts = [_as_text(arrays[name], name, source) for name in names]
    rows = [len(arrays[x]) for x, _ in roles.pairs.values()]
    notes: list[str] = []
    columns = sorted({part.shape[1] for part in parts if part.ndim == 2})
    in_columns = all(
        part.ndim == 2 and part.shape[1] > 1 and len(part) == count
        for part, count in zip(parts, rows, strict=True)
    )
    if in_columns and len(columns) > 1:
        raise DataError(f"{source}: {' and '.join(names)} have {columns} columns; they must be alike")
    one_hot = in_columns and not several and all(map(_is_one_hot, parts))
    if one_hot:
        parts = [part.argmax(axis=1) for part in parts]
        notes.append(f"{names[0]} is one-hot: taken as classes 0 to {columns[0] - 1}, by column")
    elif in_columns:
        notes.append(f"{names[0]} has {columns[0]} columns: taken as {columns[0]} targets")
    elif any(part.size != count for part, count in zip(parts, rows, strict=True)):
        raise DataError(
            f"{source}: {' and '.join(names)} have labels of different shapes; they must be alike"
        )
    notes += [
        f"{name} has shape {part.shape}: taken as {part.size:,} labels"
        for name, part in zip(names, parts, strict=True)
        if part.ndim == 2 and len(part) == 1 < part.size
    ]
    if one_hot or not in_columns:
        parts = [part.ravel() for part in parts]
    for part, name in zip(parts, names, strict=True):
        if part.dtype.kind == "f" and np.isnan(part).any():
            row = int(np.argwhere(np.isnan(part))[0, 0])
            raise DataError(f"{source}: {name}[{row}] is NaN; remove rows without a label")
    return _joined(parts, names, source), one_hot, notes


def _as_text(y: Array, name: str, source: str) -> Array:
    """Bytes as text; text that is none refused."""
    if y.dtype.kind == "S":
        return np.char.decode(y, "utf-8", "replace")
    if y.dtype.kind == "U":
        codes = np.ascontiguousarray(y).reshape(-1).view(np.uint32)
        low, high = _SURROGATES
        if (codes > _LARGEST_CODE_POINT).any() or ((codes >= low) & (codes <= high)).any():
            raise DataError(f"{source}: {name} holds characters that do not exist; save its labels again")
    return y


def _is_one_hot(y: Array) -> bool:
    """Whether each row has a single 1, beside zeros."""
    return y.dtype.kind in "iufb" and bool(((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())


def _joined(parts: list[Array], names: list[str], source: str) -> Array:
    """Labels of all parts in one array, each exactly what it was."""
    if len({part.dtype.kind in "US" for part in parts}) == 1:
        y = np.concatenate(parts)
        if all((part.astype(y.dtype).astype(part.dtype) == part).all() for part in parts):
            return y
    types = ", ".join(f"{name} {part.dtype}" for name, part in zip(names, parts, strict=True))
    raise DataError(f"{source}: labels of these types are not comparable: {types}; save them all as one type")
