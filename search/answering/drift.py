"""Columns of new rows that are not as those of training were: missing or new values, and means that have moved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from search.answering.remarks import never_missing
from search.data import CategoryColumn, DataSpec, TextColumn
from search.data.preparing.as_trained import Found
from search.data.preparing.column_spec import Column
from search.data.preparing.fitted_columns import MOST_CATEGORIES

MOST_TOLD = 5
# Of the rows, missing or new; and of training's standard deviation, that a mean has moved.
SHARE = 0.05
SHIFT = 0.25
# So many standard errors a mean has moved at least: of few rows it moves by itself.
_ERRORS = 3.0


@dataclass(frozen=True)
class Drift:
    """A column that has moved: the share of rows that miss it or have a new value, or its mean in deviations.

    Of many categories and of texts, how many more rows have none of the known values or words than in training.
    """

    column: str
    what: Literal["missing", "never seen", "mean"]
    size: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def drifts(found: Mapping[str, Found], spec: DataSpec) -> tuple[Drift, ...]:
    """The largest, those that are above `SHARE` or `SHIFT` alone; a column once."""
    largest = [
        max(there, key=lambda drift: abs(drift.size))
        for column in spec.columns
        if (there := _of(column, found[column.name], spec.rows.train))
    ]
    return tuple(sorted(largest, key=lambda drift: -abs(drift.size))[:MOST_TOLD])


def _of(column: Column, found: Found, trained: int) -> list[Drift]:
    """Missing values where training had none: how many it had else is not kept with a model."""
    shares: list[Drift] = []
    if never_missing(column):
        shares.append(Drift(column.name, "missing", found.missing / max(found.rows, 1)))
    if isinstance(column, CategoryColumn):
        unseen = found.unseen / max(found.rows, 1)
        if column.without is not None:
            present = max(found.rows - found.missing, 1)
            more = found.unseen / present - column.without
            error = math.sqrt(column.without * (1 - column.without) * (1 / present + 1 / trained))
            if more > _ERRORS * error:
                shares.append(Drift(column.name, "never seen", more))
        elif len(column.values) < MOST_CATEGORIES and not column.coded:
            shares.append(Drift(column.name, "never seen", unseen))
        return [drift for drift in shares if drift.size > SHARE]
    if isinstance(column, TextColumn):
        more = found.unseen / max(found.rows, 1) - column.without
        return [Drift(column.name, "never seen", more)] if more > SHARE else []
    told = [drift for drift in shares if drift.size > SHARE]
    if found.known:
        shift = (found.total / found.known - column.mean) / column.std
        error = math.sqrt(1 / found.known + 1 / trained)
        if abs(shift) > max(SHIFT, _ERRORS * error):
            told.append(Drift(column.name, "mean", shift))
    return told
