"""Classes of a table with too few rows to be on every side of the split: left out, where they are few of all rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from search.data.rows.notes import listed
from search.data.rows.raw import RawData, Table, Task

# Of more rows than this, it is no detail that they are left out.
MOST_LEFT_OUT = 0.05


def without_rare_classes(raw: RawData) -> RawData:
    """`raw` without the rows of classes that have fewer rows than there are sides to split rows into.

    All of it stays where that would leave out more than a twentieth of the rows, or fewer than two classes: the split
    then refuses it.
    """
    if not raw.class_names or not isinstance(raw.x, Table):
        return raw
    sides = 1 + (raw.given_validation == 0) + (raw.given_test == 0)
    counts = np.bincount(raw.y[: raw.split_rows], minlength=len(raw.class_names))
    rare = counts < sides
    gone = rare[raw.y]
    if not rare.any() or gone.mean() > MOST_LEFT_OUT or (~rare).sum() < 2:
        return raw
    rows = np.flatnonzero(~gone)
    test_begins = len(raw.y) - raw.given_test
    names = tuple(name for name, left_out in zip(raw.class_names, rare, strict=True) if not left_out)
    task: Task = "binary" if len(names) == 2 else "multiclass"
    return replace(
        raw,
        task=task,
        x=raw.x.only(rows),
        y=(np.cumsum(~rare) - 1)[raw.y[rows]].astype(raw.y.dtype),
        class_names=names,
        given_validation=int(((rows >= raw.split_rows) & (rows < test_begins)).sum()),
        given_test=int((rows >= test_begins).sum()),
        groups=None if raw.groups is None else raw.groups[rows],
        times=None if raw.times is None else replace(raw.times, values=raw.times.values[rows]),
        weights=None if raw.weights is None else raw.weights[rows],
        notes=(*raw.notes, _note(raw, rare, counts, sides, int(gone.sum()))),
    )


def _note(raw: RawData, rare: np.ndarray, counts: np.ndarray, sides: int, rows: int) -> str:
    each = [f"'{raw.class_names[index]}' ({counts[index]:,})" for index in np.flatnonzero(rare)]
    some = "a class has" if len(each) == 1 else f"{len(each):,} classes have"
    needed = f"{sides} rows, one for each side of the split" if sides > 1 else "a row to train on"
    left_out = "1 row is left out" if rows == 1 else f"{rows:,} rows are left out"
    return (
        f"{some} fewer than {needed}: {listed(each)}; {left_out}. Collect more of them, or give them another class, "
        "to keep them"
    )
