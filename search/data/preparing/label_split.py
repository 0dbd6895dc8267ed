"""Rows of several labels over the sides of a split: each label with both of its classes on each side.

Iterative stratification (Sechidis, Tsoumakas & Vlahavas 2011): the rarest class of all labels is dealt out first, each
of its rows to the side that lacks it most. Rows of one combination of labels are dealt out together, as far as whole
shares of them go; and what a side still lacks at the end is swapped in, where nothing else is lost by it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search.data.rows.raw import Array

Flags = NDArray[np.bool_]


def sides_of_labels(y: Array, shares: Sequence[float], random: np.random.Generator) -> NDArray[np.int64]:
    """The side of each row, an index into `shares`; int64 (rows,). A side has its share of the rows, rounded.

    Where a class of a label has at least as many rows as there are sides, each side gets one, unless labels are in each
    other's way: of three labels that share three rows, no two sides have all.

    Args:
        y: 0 or 1 for each label, (rows, labels).
        shares: of the rows, summing to 1; a side of 0 gets none.
    """
    classes = np.concatenate([y == 0, y == 1], axis=1)
    all_shares = np.asarray(shares, dtype=np.float64)
    used = np.flatnonzero(all_shares)
    of_used = all_shares[used]
    sides = _by_combinations(y, of_used, random)
    _deal_out(sides, classes, of_used, random)
    _swap_in_what_lacks(sides, classes, len(used))
    return used[sides].astype(np.int64)


def lacking_label(y: Array, parts: Array, count: int) -> tuple[int, int] | None:
    """The first label, by its number, that is the same in all rows of a part, and in how many of `count` parts."""
    held = np.array([[len(np.unique(of)) == 2 for of in y[parts == part].T] for part in range(count)])
    lacks = (~held).sum(axis=0)
    label = int(lacks.argmax())
    return (label, int(lacks[label])) if lacks[label] else None


def why_no_label_folds(y: Array, parts: Array, names: Sequence[str], folds: int) -> str | None:
    """Why rows of labels `y`, (rows, labels), that are cut into `parts` are no such folds, or None."""
    ones = y.sum(axis=0)
    rarer = np.minimum(ones, len(y) - ones)
    least = int(rarer.argmin())
    if rarer[least] < folds:
        return (
            f"label '{names[least]}' differs in {rarer[least]} of these rows alone, fewer than one for each"
        )
    if (lacks := lacking_label(y, parts, folds)) is None:
        return None
    return f"label '{names[lacks[0]]}' is the same in all rows of {lacks[1]} of them, however they are cut"


def _by_combinations(y: Array, shares: Array, random: np.random.Generator) -> NDArray[np.int64]:
    """Sides of as many rows of each combination of labels as whole shares of it are; -1 for the others."""
    _, combination, counts = np.unique(y, axis=0, return_inverse=True, return_counts=True)
    combination = combination.reshape(-1)
    order = random.permutation(len(y))
    order = order[np.argsort(combination[order], kind="stable")]
    place = np.empty(len(y), dtype=np.int64)
    place[order] = np.arange(len(y)) - np.repeat(np.cumsum(counts) - counts, counts)
    # A share of a row more or less is that of floats: 0.15 of 20 rows are 3.
    ends = np.cumsum(np.floor(np.outer(counts, shares) + 1e-9), axis=1)
    sides = (place[:, None] >= ends[combination]).sum(axis=1)
    return np.where(sides < len(shares), sides, -1).astype(np.int64)


def _deal_out(sides: NDArray[np.int64], classes: Flags, shares: Array, random: np.random.Generator) -> None:
    """Rows without a side get one, the rarest class first; `classes` says which each row has, (rows, classes)."""
    placed = np.array([classes[sides == side].sum(axis=0) for side in range(len(shares))])
    lacking = _wanted(classes.sum(axis=0), shares) - placed
    room = _sizes(len(sides), shares) - np.bincount(sides[sides >= 0], minlength=len(shares))
    while (left := sides < 0).any():
        counts = classes[left].sum(axis=0)
        rarest = int(np.where(counts > 0, counts, len(sides) + 1).argmin())
        for row in random.permutation(np.flatnonzero(left & classes[:, rarest])).tolist():
            free = np.flatnonzero(room > 0)
            wish = lacking[free, rarest]
            most = free[wish >= wish.max() - 1e-9]
            most = most[room[most] == room[most].max()]
            side = int(random.choice(most))
            sides[row] = side
            room[side] -= 1
            lacking[side] -= classes[row]


def _wanted(totals: Array, shares: Array) -> Array:
    """Rows of each class that each side wants, (sides, classes): its share, but one at least where there are enough."""
    wanted = np.outer(shares, totals)
    for number in np.flatnonzero(totals >= len(shares)).tolist():
        column = np.maximum(wanted[:, number], 1.0)
        column[int(shares.argmax())] -= column.sum() - totals[number]
        wanted[:, number] = column
    return wanted


def _sizes(rows: int, shares: Array) -> NDArray[np.int64]:
    """Rows of each side: shares rounded so that they sum to all, and one at least."""
    sizes = np.maximum(np.floor(shares * rows + 1e-9), 1).astype(np.int64)
    order = np.argsort(-(shares * rows - sizes), kind="stable")
    for place in range(rows - int(sizes.sum())):
        sizes[order[place % len(order)]] += 1
    return sizes


def _swap_in_what_lacks(sides: NDArray[np.int64], classes: Flags, count: int) -> None:
    """A row of a class that a side lacks comes from one that has more, and another goes there for it."""
    held = np.array([classes[sides == side].sum(axis=0) for side in range(count)])
    needed = classes.sum(axis=0) >= count
    for side, one in np.argwhere((held == 0) & needed).tolist():
        # A swap for another class may have brought this one too.
        swap = None if held[side, one] else _swap(sides, classes, held, needed, side, one)
        if swap is not None:
            came, went = swap
            change = classes[came].astype(np.int64) - classes[went]
            held[side] += change
            held[sides[came]] -= change
            sides[came], sides[went] = side, sides[came]


def _swap(
    sides: NDArray[np.int64], classes: Flags, held: Array, needed: Flags, side: int, one: int
) -> tuple[int, int] | None:
    """A row of class `one` for `side`, and one of `side` for it: no side loses the last row of a class."""
    here = np.flatnonzero(sides == side)
    last_here = needed & (held[side] == 1)
    for row in np.flatnonzero(classes[:, one] & (held[sides, one] > 1)).tolist():
        last_there = needed & (held[sides[row]] == 1) & classes[row]
        fits = classes[here][:, last_there].all(axis=1)
        fits &= ~(classes[here] & last_here & ~classes[row]).any(axis=1)
        if fits.any():
            return row, int(here[fits.argmax()])
    return None
