"""The rows of an NPZ file: read, or mapped where they are too many for memory; as images or as vectors."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from search.data.reading.archive import Archive, Header
from search.data.reading.free_memory import refuse_more_than_disk, refuse_more_than_memory
from search.data.reading.roles import Roles
from search.data.rows import scratch
from search.data.rows.raw import Array
from search.data.rows.scratch import Scratch
from search.errors import DataError

_SMALL = (np.float16, np.uint8, np.int8, np.bool_)
# Of vectors that are looked at, at a time.
_ROWS_PER_BLOCK = 65_536


def refuse_too_large(roles: Roles, headers: dict[str, Header], source: str) -> None:
    """All at once, as it is read and in one piece; rows that are too many for that are on disk."""
    xs = [headers[x].bytes for x, _ in roles.pairs.values()]
    others = sum(header.bytes for header in headers.values()) - sum(xs)
    what = f"{source}: to read {', '.join(f'{name} ({header.words()})' for name, header in headers.items())}"
    advice = "save fewer rows, or smaller numbers (float32, uint8)"
    refuse_more_than_memory(others + 2 * min(sum(xs), scratch.KEPT_IN_MEMORY), what, advice)
    if sum(xs) > scratch.KEPT_IN_MEMORY:
        refuse_more_than_disk((1 + (len(xs) > 1)) * sum(xs), what, advice)


def arrays_of(archive: Archive, roles: Roles, names: Iterable[str]) -> dict[str, Array]:
    """Arrays by name; those of rows are mapped where they are too many for memory."""
    xs = {name for name, _ in roles.pairs.values()}
    return {name: archive.opened(name) if name in xs else archive.read(name) for name in names}


def below_each_other(parts: list[Array]) -> Array:
    """All rows in one array; of more than memory takes, one on disk."""
    if len(parts) == 1:
        return parts[0]
    rows, of_row = sum(map(len, parts)), parts[0].shape[1:]
    if sum(part.nbytes for part in parts) <= scratch.KEPT_IN_MEMORY:
        return np.concatenate(parts)
    dtype = parts[0].dtype.newbyteorder("=")
    file, place = Scratch(), 0
    at_once = max(1, scratch.KEPT_IN_MEMORY // (math.prod(of_row) * dtype.itemsize))
    for part in parts:
        for start in range(0, len(part), at_once):
            block = part[start : start + at_once].astype(dtype, copy=False)
            file.write(place, block)
            place += block.nbytes
    return file.mapped(0, rows * math.prod(of_row), dtype).reshape(rows, *of_row)


def images_of(x: Array, source: str) -> Array:
    x = x[..., np.newaxis] if x.ndim == 3 else x
    if x.shape[-1] not in (1, 3):
        advice = {True: "it looks like channels first: save x.transpose(0, 2, 3, 1)"}.get(
            x.shape[1] in (1, 3),
            "save the three colours alone (x[..., :3]), or float32 to have it taken as vectors",
        )
        raise DataError(
            f"{source}: uint8 x has shape {x.shape}, read as (rows, height, width, channels), but channels "
            f"should be 1 or 3; {advice}"
        )
    return x


def as_floats(x: Array) -> Array:
    """float32 or float64, whichever holds what `x` can."""
    return x.astype(np.float32 if x.dtype.type in _SMALL else np.float64, copy=False)


def finite_vectors(x: Array, source: str) -> Array:
    """(rows, features), as they are stored; looked through a piece at a time.

    Raises:
        DataError: some are no numbers.
    """
    x = x.reshape(len(x), -1)
    x = x.astype(np.float64) if x.dtype.itemsize > np.dtype(np.float64).itemsize else x
    first, count = -1, 0
    for start in range(0, len(x), _ROWS_PER_BLOCK):
        bad = ~np.isfinite(x[start : start + _ROWS_PER_BLOCK]).all(axis=1)
        if bad.any() and first < 0:
            first = start + int(np.flatnonzero(bad)[0])
        count += int(bad.sum())
    if count:
        raise DataError(
            f"{source}: row {first} of x holds NaN or infinite values ({count:,} such rows); "
            "fill or remove them, or save a table (CSV, Parquet), where missing values are handled"
        )
    return x
