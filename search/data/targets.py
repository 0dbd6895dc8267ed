"""Targets: is it a class or a quantity, which classes are there, and are the labels usable at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from search.data.raw import Array, Task
from search.errors import DataError

MOST_CLASSES = 1000
MOST_INFERRED_CLASSES = 20
ROWS_PER_INFERRED_CLASS = 10
FEWEST_ROWS = 10


@dataclass(frozen=True)
class Target:
    """`y`: int32 class indices into `class_names`, or float64 values where `task` is regression."""

    task: Task
    y: Array
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def encode_target(labels: Array, *, task: str | None, name: str) -> Target:
    """Turn labels without missing values into a `Target`; `name` is what messages call them.

    With `task` None, text and booleans are classes. Whole numbers are classes when there are two of them, or
    at most 20 with ten rows each on average. Every other number is a quantity.

    Raises:
        DataError: one distinct label, infinite values, text asked to be a quantity, or too many classes.
    """
    if len(labels) == 0:
        raise DataError(f"{name} has no rows with a value; there is nothing to learn from")
    numeric = labels.dtype.kind in "iufb"
    if not numeric:
        labels = np.array([str(label) for label in labels], dtype=object)
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        row = int(np.flatnonzero(~np.isfinite(labels))[0])
        raise DataError(
            f"{name} holds {labels[row]} (row {row + 1} of those with a value); "
            "a target must be finite, so correct or remove such rows"
        )
    distinct, codes = np.unique(labels, return_inverse=True)
    if len(distinct) < 2:
        raise DataError(
            f"{name} has the same value in every row, {_label(distinct[0])!r}; "
            "two or more are needed to learn anything, so choose another target"
        )
    whole = labels.dtype.kind in "iub" or (numeric and bool((distinct == np.round(distinct)).all()))
    notes: list[str] = []
    if task is None:
        few = len(distinct) == 2 or (
            len(distinct) <= MOST_INFERRED_CLASSES and len(distinct) * ROWS_PER_INFERRED_CLASS <= len(labels)
        )
        is_class = not numeric or labels.dtype.kind == "b" or (whole and few)
        if numeric and labels.dtype.kind != "b" and whole:
            kind, other = ("classification", "regression") if is_class else ("regression", "classification")
            notes.append(
                f"{name} holds whole numbers with {len(distinct)} distinct values: taken as {kind}; "
                f"set the task to {other} if that is wrong"
            )
    else:
        is_class = task == "classification"
    if not is_class:
        return Target("regression", _quantities(labels, numeric=numeric, name=name), (), tuple(notes))
    # Of fewer rows, the split names the classes that lack some.
    own_class_each = 2 * len(distinct) > len(labels) >= 2 * FEWEST_ROWS
    if len(distinct) > MOST_CLASSES or own_class_each:
        hint = "choose a regression task" if numeric else "choose another target"
        raise DataError(
            f"{name} has {len(distinct):,} distinct values in {len(labels):,} rows; classes must be at most "
            f"{MOST_CLASSES:,} and have two rows each on average, so {hint}"
        )
    order = _natural_order(distinct)
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    names = tuple(_label(distinct[index]) for index in order)
    return Target("binary" if len(names) == 2 else "multiclass", rank[codes], names, tuple(notes))


def _quantities(labels: Array, *, numeric: bool, name: str) -> Array:
    if numeric:
        return labels.astype(np.float64)
    for label in labels:
        try:
            float(label)
        except ValueError:
            raise DataError(
                f"{name} should hold numbers for a regression, but holds text, for instance {label!r}; "
                "choose a classification task or another target"
            ) from None
    return labels.astype(np.float64)


def _label(value: object) -> str:
    """1.0 as "1": a column of whole numbers turns into floats as soon as one value is missing."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _natural_order(distinct: Array) -> Array:
    """Indices that sort by number where every label is one, else alphabetically (np.unique's order)."""
    if distinct.dtype == object:
        try:
            return np.argsort(distinct.astype(np.float64), kind="stable")
        except ValueError:
            pass
    return np.arange(len(distinct))
