"""NPZ files: arrays x, y, or x_train, y_train and, where given, x_test, y_test."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Literal

import numpy as np

from search.data.raw import Array, RawData
from search.data.request import DataRequest
from search.data.targets import encode_target
from search.errors import DataError

EXPECTED = "x and y, or x_train, y_train and optionally x_test, y_test"


def read_npz(request: DataRequest) -> RawData:
    """uint8 x of 3 or 4 dimensions is images (rows, height, width[, channels]); other numbers are vectors.

    Raises:
        DataError: the file is no NPZ, lacks arrays, or holds objects, NaN, infinities or unequal lengths.
    """
    arrays = _load(Path(request.source))
    x, y, given_test = _pair(arrays, request.source)
    y = _labels(y, request.source)
    if x.ndim == 0:
        raise DataError(f"{request.source}: x is one number; it should have shape (rows, features)")
    if len(x) != len(y):
        raise DataError(f"{request.source}: x has {len(x):,} rows and y {len(y):,}; each row needs one label")
    if len(x) == 0 or x.size == 0:
        raise DataError(f"{request.source}: x is empty, of shape {x.shape}; it needs rows and features")
    target = encode_target(y, task=request.task, name=f"y of {request.source}")
    kind: Literal["image", "vector"] = "image" if x.dtype == np.uint8 and x.ndim in (3, 4) else "vector"
    x = _images(x, request.source) if kind == "image" else _vectors(x, request.source)
    return RawData(
        request=request,
        kind=kind,
        task=target.task,
        x=x,
        y=target.y,
        class_names=target.class_names,
        given_test=given_test,
        notes=target.notes,
    )


def _load(path: Path) -> dict[str, Array]:
    try:
        with path.open("rb") as file:
            start = file.read(6)
        if not start.startswith((b"PK", b"\x93NUMPY")):
            raise DataError(f"{path} is not an NPZ archive; save one by np.savez(path, x=…, y=…)")
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise DataError(f"{path} holds one array, not an archive; save it by np.savez(path, x=…, y=…)")
        with archive:
            return {name: archive[name] for name in archive.files}
    except ValueError as exc:
        if "allow_pickle" in str(exc) or "Object arrays" in str(exc):
            raise DataError(
                f"{path} holds Python objects, which are not loaded because they can run code; "
                "save arrays of numbers or of text instead (array.astype(float) or array.astype(str))"
            ) from exc
        raise DataError(
            f"{path} is not a sound NPZ file ({exc}); save it by np.savez(path, x=…, y=…)"
        ) from exc
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError, NotImplementedError) as exc:
        raise DataError(
            f"{path} is not a sound NPZ file ({exc}); save it by np.savez(path, x=…, y=…)"
        ) from exc


def _pair(arrays: dict[str, Array], source: str) -> tuple[Array, Array, int]:
    """x and y with the test rows, if any, at the end, and how many those are."""
    if {"x", "y"} <= arrays.keys():
        return arrays["x"], arrays["y"], 0
    if {"x_train", "y_train"} <= arrays.keys():
        x, y = arrays["x_train"], arrays["y_train"]
        if not arrays.keys() & {"x_test", "y_test"}:
            return x, y, 0
        if not {"x_test", "y_test"} <= arrays.keys():
            there = "x_test" if "x_test" in arrays else "y_test"
            raise DataError(f"{source} holds {there} without its partner; save x_test and y_test, or neither")
        x_test, y_test = arrays["x_test"], arrays["y_test"]
        if x_test.ndim != x.ndim or x_test.shape[1:] != x.shape[1:] or x_test.dtype != x.dtype:
            raise DataError(
                f"{source}: x_test has rows of {x_test.dtype} {x_test.shape[1:]}, x_train of {x.dtype} "
                f"{x.shape[1:]}; they must be alike"
            )
        if x.ndim > 0 and len(x_test) != len(y_test.ravel()):
            raise DataError(f"{source}: x_test has {len(x_test)} rows and y_test {y_test.size}")
        y, y_test = _labels(y, source), _labels(y_test, source)
        x = np.concatenate([x, x_test]) if x.ndim else x
        return x, np.concatenate([y, y_test]), len(y_test)
    found = ", ".join(arrays) or "nothing"
    raise DataError(f"{source} should hold {EXPECTED}, but holds {found}; rename its arrays")


def _labels(y: Array, source: str) -> Array:
    if y.dtype.kind not in "iufbUS":
        raise DataError(f"{source}: y should hold numbers, booleans or text, but is of type {y.dtype}")
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 2:
        raise DataError(
            f"{source}: y should have shape (rows,), but has {y.shape}; "
            "if it is one-hot, save class indices: y.argmax(axis=1)"
        )
    if y.ndim != 1:
        raise DataError(f"{source}: y should have shape (rows,), but has {y.shape}")
    if y.dtype.kind == "S":
        y = np.char.decode(y, "utf-8", "replace")
    if y.dtype.kind == "f" and np.isnan(y).any():
        row = int(np.flatnonzero(np.isnan(y))[0])
        raise DataError(f"{source}: y[{row}] is NaN; remove rows without a label")
    return y


def _images(x: Array, source: str) -> Array:
    x = x[..., np.newaxis] if x.ndim == 3 else x
    if x.shape[-1] not in (1, 3):
        raise DataError(
            f"{source}: uint8 x has shape {x.shape}, read as (rows, height, width, channels), but channels "
            "should be 1 or 3; transpose it, or save it as float32 to have it taken as vectors"
        )
    return x


def _vectors(x: Array, source: str) -> Array:
    if x.dtype.kind not in "iufb":
        raise DataError(f"{source}: x should hold numbers, but is of type {x.dtype}")
    x = x.reshape(len(x), -1)
    x = x.astype(
        np.float32 if x.dtype in (np.float16, np.uint8, np.int8, np.bool_) else np.float64, copy=False
    )
    bad = ~np.isfinite(x).all(axis=1)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise DataError(
            f"{source}: row {row} of x holds NaN or infinite values ({int(bad.sum()):,} such rows); "
            "fill or remove them, or save a table (CSV, Parquet), where missing values are handled"
        )
    return x
