"""Rows of one group on one side of the split, with classes as even over the sides as groups allow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from search.data.rows.raw import Array


def sides_by_group(
    groups: Array, y: Array | None, shares: Sequence[float], random: np.random.Generator
) -> Array:
    """The side of each group, an index into `shares`; int64 (groups,). A share of 0 gets none, any other at least one.

    `groups` and `y` are int (rows,): which group, counted from 0 without gaps, and which class; None where there are
    none. Of several labels `y` is 0 or 1 for each, (rows, labels), and each label has two classes. Large groups are
    placed first, in random order among those of about one size, each where it brings rows and classes nearest to the
    shares; the last ones go to sides that are still empty.
    """
    sizes = np.bincount(groups)
    starts, classes, counts = _classes_of(groups, y, len(sizes))
    totals = np.bincount(classes, weights=counts).tolist()
    present = sum(total > 0 for total in totals)
    usable = [side for side, share in enumerate(shares) if share > 0]
    # What a side still lacks: of all rows, and of each class.
    lacking = {side: shares[side] * len(groups) for side in usable}
    lacking_of = {side: [shares[side] * total for total in totals] for side in usable}
    order = random.permutation(len(sizes))
    order = order[np.argsort(-np.floor(np.log2(sizes[order])), kind="stable")]
    side_of = np.zeros(len(sizes), dtype=np.int64)
    empty = set(usable)
    for placed, group in enumerate(order.tolist()):
        size, span = float(sizes[group]), range(starts[group], starts[group + 1])
        held = [(classes[entry], counts[entry]) for entry in span]

        def farther(side: int, size: float = size, held: list[tuple[int, int]] = held) -> float:
            """By how much the squares of what is lacking, in shares of all there is, grow; over classes their mean."""
            of_rows = size * (size - 2 * lacking[side]) / len(groups) ** 2
            of_classes = sum(
                count * (count - 2 * lacking_of[side][label]) / totals[label] ** 2 for label, count in held
            )
            return of_rows + of_classes / present

        best = min(empty if len(sizes) - placed <= len(empty) else usable, key=farther)
        side_of[group] = best
        empty.discard(best)
        lacking[best] -= size
        for label, count in held:
            lacking_of[best][label] -= count
    return side_of


def _classes_of(groups: Array, y: Array | None, count: int) -> tuple[list[int], list[int], list[int]]:
    """Of group g, the classes that it has and how many rows of each are in entries starts[g] to starts[g + 1]."""
    if y is None:
        labels = np.zeros(len(groups), dtype=np.int64)
    elif y.ndim == 1:
        labels = y.astype(np.int64)
    else:
        labels = (2 * np.arange(y.shape[1]) + y).astype(np.int64).ravel()
        groups = np.repeat(groups, y.shape[1])
    width = int(labels.max()) + 1
    pairs, counts = np.unique(groups * width + labels, return_counts=True)
    starts = np.searchsorted(pairs // width, np.arange(count + 1))
    return starts.tolist(), (pairs % width).tolist(), counts.tolist()
