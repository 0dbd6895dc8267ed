"""Prepared rows in the order of a split, of a source that is read once, from its first row to its last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from search.data.rows import scratch
from search.data.rows.raw import Array
from search.data.rows.scratch import Scratch

# Of the source at a time.
ROWS_PER_BLOCK = 16_384
# A block is divided among all of them: of more, each gets too few rows at a time to be worth a write.
_MOST_PIECES = 4_096


def in_order(
    rows: Array, rows_of: Callable[[Array], Array], shape: tuple[int, ...], dtype: np.dtype[np.generic]
) -> Iterator[Array]:
    """What `rows_of` makes of the row numbers `rows`, int64 (rows,), in blocks (rows, *shape).

    `rows_of` is asked for rising numbers: of a file that is larger than memory, shuffled rows would be read a page for
    each row. What they become is put in its place in memory, or on the way there in a scratch file, in pieces that each
    fit into memory: every value is then written and read once more, from one end to the other.
    """
    row_bytes = max(1, int(np.prod(shape)) * dtype.itemsize)
    size = max(1, scratch.KEPT_IN_MEMORY // row_bytes, -(-len(rows) // _MOST_PIECES))
    if len(rows) <= size:
        yield _placed(_made(rows, np.argsort(rows), rows_of), len(rows), shape, dtype)
        return
    yield from _by_pieces(rows, rows_of, shape, dtype, size)


def _made(rows: Array, places: Array, rows_of: Callable[[Array], Array]) -> Iterator[tuple[Array, Array]]:
    """A block of places among `rows`, and what is made of the rows there."""
    for start in range(0, len(places), ROWS_PER_BLOCK):
        block = places[start : start + ROWS_PER_BLOCK]
        yield block, rows_of(rows[block])


def _placed(
    made: Iterator[tuple[Array, Array]], count: int, shape: tuple[int, ...], dtype: np.dtype[np.generic]
) -> Array:
    placed = np.empty((count, *shape), dtype)
    for places, values in made:
        placed[places] = values
    return placed


def _by_pieces(
    rows: Array,
    rows_of: Callable[[Array], Array],
    shape: tuple[int, ...],
    dtype: np.dtype[np.generic],
    size: int,
) -> Iterator[Array]:
    """Of `size` rows each. All rows of the source are sorted by piece, in a scratch file, each piece at its place."""
    length, pieces = int(np.prod(shape)), -(-len(rows) // size)
    file = Scratch()
    held = file.room(len(rows) * length, dtype)
    places_of = file.room(len(rows), np.int64)
    ends = np.minimum(np.arange(pieces) * size, len(rows))
    for places, values in _made(rows, np.argsort(rows), rows_of):
        by_piece = np.argsort(places // size, kind="stable")
        bounds = np.searchsorted(places[by_piece] // size, np.arange(pieces + 1))
        values = values.astype(dtype, copy=False).reshape(len(places), length)[by_piece]
        for piece, (first, last) in enumerate(pairwise(bounds.tolist())):
            if first < last:
                held.write(int(ends[piece]) * length, values[first:last])
                places_of.write(int(ends[piece]), places[by_piece[first:last]])
                ends[piece] += last - first
    for start in range(0, len(rows), size):
        end = min(start + size, len(rows))
        places = places_of.between(start, end) - start
        placed = np.empty((end - start, *shape), dtype)
        for first in range(0, end - start, ROWS_PER_BLOCK):
            last = min(first + ROWS_PER_BLOCK, end - start)
            values = held.between((start + first) * length, (start + last) * length)
            placed[places[first:last]] = values.reshape(last - first, *shape)
        yield placed
