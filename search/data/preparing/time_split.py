"""The past on one side of the split, what came later on the next; rows of one time are never on two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from search.data.rows.raw import Array


def sides_by_time(times: Array, shares: Sequence[float]) -> Array:
    """The side of each row, an index into `shares`, which are in the order of time; int64 (rows,).

    `times` is float64 (rows,), with at least as many different values as there are shares above 0: each of these gets
    rows, as near to its share as times of several rows allow.
    """
    values, inverse, counts = np.unique(times, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    usable = [side for side, share in enumerate(shares) if share > 0]
    # How many of the different times are before each border.
    borders: list[int] = []
    for place, side in enumerate(usable[:-1]):
        first = (borders[-1] if borders else 0) + 1
        last = len(values) - (len(usable) - 1 - place)
        wanted = sum(shares[: side + 1]) * len(times)
        borders.append(first + int(np.abs(ends[first - 1 : last] - wanted).argmin()))
    return np.array(usable)[np.searchsorted(borders, np.arange(len(values)), side="right")][inverse]
