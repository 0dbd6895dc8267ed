"""Arrays as NPZ files: x and y, perhaps with arrays of validation and test rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from search.errors import DataError
from search.given.files import Given

WHAT = "the arrays"
Array = np.ndarray[Any, Any]


def given_arrays(
    x: Any, y: Any | None, weights: tuple[str, Any] | None = None, **parts: tuple[Any, Any]
) -> Given:
    """x (rows, …) and y (rows,) as a file; `parts` are x and y of `val` and of `test` rows, where these are known.

    `weights` are a name and how much each row counts (rows,), where no parts are known.

    Raises:
        DataError: they are no arrays of numbers, or do not go together.
    """
    pairs = {"train" if parts else "": (x, y), **parts}
    arrays: dict[str, Array] = {}
    for part, (of_x, of_y) in pairs.items():
        end = f"_{part}" if part else ""
        arrays[f"x{end}"] = _numbers(of_x, f"x{end}")
        if of_y is not None:
            arrays[f"y{end}"] = _labels(of_y, f"y{end}")
            _refuse_lengths(arrays[f"x{end}"], arrays[f"y{end}"], end)

    if weights is not None:
        name, of_rows = weights
        arrays[name] = _array(of_rows, name)

    def write(path: Path) -> None:
        np.savez(path, allow_pickle=False, **arrays)

    return Given(WHAT, "arrays", ".npz", write)


def _numbers(data: Any, name: str) -> Array:
    array = _array(data, name)
    if array.dtype.kind not in "iufb":
        raise DataError(
            f"{name} should be an array of numbers, but is of type {array.dtype}; make it one of numbers "
            f"({name}.astype(float)), or give a DataFrame, whose columns may be of different types"
        )
    if array.ndim < 2:
        raise DataError(
            f"{name} should have the shape (rows, features) or (rows, height, width, channels), but has {array.shape}"
        )
    return array


def _labels(data: Any, name: str) -> Array:
    array = _array(data, name)
    if array.dtype.kind == "O":
        if not all(isinstance(one, str) for one in array.ravel()):
            raise DataError(
                f"{name} should be an array of numbers or of text, but is of objects, some of which are no text; "
                f"leave rows without a value out, and make the others of one type: {name}.astype(str)"
            )
        array = array.astype(str)
    if array.dtype.kind not in "iufbU":
        raise DataError(f"{name} should be an array of numbers or of text, but is of type {array.dtype}")
    if array.dtype.kind == "f" and array.ndim and np.isnan(array).any():
        several = array.ndim > 1
        rows = np.isnan(array.reshape(len(array), -1)).any(axis=1)
        raise DataError(
            f"{name} has no value (NaN) in {rows.sum():,} of {len(array):,} rows; leave these out of x and of y: "
            f"x[~numpy.isnan({name}){'.any(axis=1)' if several else ''}]"
        )
    return array


def _array(data: Any, name: str) -> Array:
    try:
        return np.asarray(data)
    except (ValueError, TypeError) as error:
        raise DataError(f"{name} is no array: its rows are of different lengths ({error})") from error


def _refuse_lengths(x: Array, y: Array, end: str) -> None:
    rows = y.shape[0] if y.ndim else 0
    if rows != len(x) and y.shape != (1, len(x)):
        raise DataError(f"x{end} has {len(x):,} rows and y{end} {rows:,}; each row needs one value")
