"""Partial dependence: what a model answers on average if all rows had one value of a column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from search.answering.explaining.explanation import PREDICTION_OF, Dependence, Point
from search.data import DataSpec, Table, TableColumn
from search.data.columns.dates import days_since_1970
from spaces.wording import quantity

if TYPE_CHECKING:
    from search.data.rows.raw import Array

COLUMNS = 4
MOST_ROWS = 1000
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_MOST_CATEGORIES = 6
# Characters of a text that are shown.
_LONGEST = 40
Prepare = Callable[["Array | Table"], "Array"]


def dependence(
    column: str,
    raw: Array | Table,
    x: Array,
    features: Array,
    prepare: Prepare,
    mean_answers: Callable[[Array], tuple[float, ...]],
) -> Dependence:
    """Along one column: numbers and dates at quantiles of the rows, categories and texts at the most frequent.

    Args:
        raw, x: the same rows as they were read, and prepared.
        features: positions of the column's features in a prepared row.
        prepare: from rows as they were read to prepared ones.
        mean_answers: of prepared rows, one number for each of `Explanation.answers`.
    """
    names, changed = _at_points(column, raw)
    given = prepare(changed)[:, features]
    rows, points = x[:MOST_ROWS].copy(), []
    for name, point in zip(names, given, strict=True):
        rows[:, features] = point
        points.append(Point(name, mean_answers(rows)))
    return Dependence(column, tuple(points))


def _at_points(column: str, raw: Array | Table) -> tuple[list[str], Array | Table]:
    """The points in words; and the first row with each of them."""
    if not isinstance(raw, Table):
        place = int(column.removeprefix("feature "))
        values = np.unique(np.quantile(raw[:, place], _QUANTILES, method="nearest"))
        rows = np.repeat(raw[:1], len(values), axis=0)
        rows[:, place] = values
        return [quantity(float(value)) for value in values], rows
    there = raw.columns[column]
    values, names = _points(there)
    first = raw.take(np.zeros(len(names), dtype=np.int64))
    return names, Table({**first.columns, column: replace(there, values=values)})


def _points(column: TableColumn) -> tuple[Array, list[str]]:
    known = column.values[~column.missing()]
    missing = len(known) < len(column.values)
    if column.kind in ("category", "text"):
        texts, counts = np.unique(known.astype(str), return_counts=True)
        values = texts[np.argsort(-counts, kind="stable")[:_MOST_CATEGORIES]].astype(object)
    elif column.kind == "date":
        order = np.argsort(days_since_1970(known, column.template), kind="stable")
        at = (np.array(_QUANTILES) * max(len(known) - 1, 0)).round().astype(int)
        values = known[order[np.unique(at)]] if len(known) else known
        values = np.array(list(dict.fromkeys(values)), dtype=object)
    else:
        values = np.unique(np.quantile(known, _QUANTILES, method="nearest")) if len(known) else known
    names = [value_in_words(value, column) for value in values]
    if not missing:
        return values, names
    nothing: Any = "" if column.kind in ("category", "date", "text") else np.nan
    return np.append(values, np.array([nothing], dtype=values.dtype)), [*names, "missing"]


def value_in_words(value: Any, column: TableColumn) -> str:
    """As one would type it; `missing` where there is none."""
    if value == "" or value != value:
        return "missing"
    if column.kind == "boolean":
        return "true" if value else "false"
    if column.kind == "text" and len(value) > _LONGEST:
        return f"{value[: _LONGEST - 1]}…"
    return quantity(float(value)) if column.kind == "number" else str(value)


def answer_names(spec: DataSpec) -> tuple[str, ...]:
    """What answers along a column are of: of two classes the second, of more than two each, or the prediction.

    Of several targets the prediction of each, or the second class of each label.
    """
    if spec.targets and spec.of_quantities:
        return tuple(f"{PREDICTION_OF}{one.name}" for one in spec.targets)
    if spec.targets:
        return tuple(f"{one.name}: {one.class_names[1]}" for one in spec.targets)
    if spec.task == "regression":
        return ("prediction",)
    return spec.class_names[1:] if spec.task == "binary" else spec.class_names
