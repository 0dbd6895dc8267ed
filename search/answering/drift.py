"""Columns of new rows that are not as those of training were: missing or new values, other shares, moved means."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from search.answering.remarks import never_missing
from search.conclusion.statistics.total_variation import by_chance, total_variation, with_rare_as_one
from search.data import CategoryColumn, DataSpec, DateColumn, NumberColumn, TextColumn
from search.data.preparing.as_trained import Found
from search.data.preparing.column_spec import Column
from search.data.preparing.fitted_columns import FEWEST_ROWS_OF_A_CODE, MOST_CATEGORIES

MOST_TOLD = 5
# Of the rows: missing or new; in other categories; and of training's standard deviation, that a mean has moved.
SHARE = 0.05
OTHER_SHARE = 0.1
SHIFT = 0.25
# So many standard errors a mean has moved at least: of few rows it moves by itself.
_ERRORS = 3.0


@dataclass(frozen=True)
class MovedMost:
    """The category whose share has moved most, and its share of the rows then and now; None: no value."""

    category: str | None
    trained: float
    now: float


@dataclass(frozen=True)
class Drift:
    """A column that has moved: the share of rows that miss it or have a new value, or its mean in deviations.

    Of many categories and of texts, how many more rows have none of the known values or words than in training. Of
    `shares` of known categories the total variation distance: what share of the rows is in others than in training.
    """

    column: str
    what: Literal["missing", "never seen", "shares", "mean"]
    size: float
    most: MovedMost | None = None

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


def drifts(found: Mapping[str, Found], spec: DataSpec) -> tuple[Drift, ...]:
    """The largest, those that are above their bound alone; a column once."""
    largest = [
        max(there, key=lambda drift: abs(drift.size))
        for column in spec.columns
        if (there := _of(column, found[column.name], spec.rows.train))
    ]
    return tuple(sorted(largest, key=lambda drift: -abs(drift.size))[:MOST_TOLD])


def _of(column: Column, found: Found, trained: int) -> list[Drift]:
    """Missing values where training had none: how many it had else is kept of categories alone."""
    missing = found.missing / max(found.rows, 1) if never_missing(column) else 0.0
    told = [Drift(column.name, "missing", missing)] if missing > SHARE else []
    if isinstance(column, CategoryColumn):
        return [*told, *_of_new_categories(column, found, trained), *_of_shares(column, found, trained)]
    if isinstance(column, TextColumn):
        more = found.unseen / max(found.rows, 1) - column.without
        return [Drift(column.name, "never seen", more)] if more > SHARE else []
    return [*told, *_of_mean(column, found, trained)]


def _of_new_categories(column: CategoryColumn, found: Found, trained: int) -> Iterator[Drift]:
    if column.without is not None:
        present = max(found.rows - found.missing, 1)
        more = found.unseen / present - column.without
        error = math.sqrt(column.without * (1 - column.without) * (1 / present + 1 / trained))
        if more > max(SHARE, _ERRORS * error):
            yield Drift(column.name, "never seen", more)
    elif len(column.values) < MOST_CATEGORIES and not column.coded:
        unseen = found.unseen / max(found.rows, 1)
        if unseen > SHARE:
            yield Drift(column.name, "never seen", unseen)


def _of_shares(column: CategoryColumn, found: Found, trained: int) -> Iterator[Drift]:
    """Among the rows that have one of the known categories, or no value where training had that too."""
    if column.counts is None:
        return
    names: list[str | None] = list(column.values)
    then, now = list(column.counts), [found.seen[value] for value in column.values]
    if column.coded:
        # Values that were just frequent enough to be kept were so by chance: new rows have as many of all that are kept
        # as training has of those that were more frequent (Good 1953).
        then = [rows if rows > FEWEST_ROWS_OF_A_CODE else 0 for rows in then]
    elif not never_missing(column):
        names.append(None)
        then.append(trained - sum(column.counts))
        now.append(found.missing)
    before, after = np.array(then), np.array(now)
    if not before.sum() or not after.sum():
        return
    shares, new_shares = before / before.sum(), after / after.sum()
    before, after = with_rare_as_one(before, after)
    size = total_variation(before, after)
    if size > max(OTHER_SHARE, by_chance(before, after)):
        at = int(np.abs(new_shares - shares).argmax())
        yield Drift(
            column.name, "shares", size, MovedMost(names[at], float(shares[at]), float(new_shares[at]))
        )


def _of_mean(column: NumberColumn | DateColumn, found: Found, trained: int) -> Iterator[Drift]:
    if found.known:
        shift = (found.total / found.known - column.mean) / column.std
        error = math.sqrt(1 / found.known + 1 / trained)
        if abs(shift) > max(SHIFT, _ERRORS * error):
            yield Drift(column.name, "mean", shift)
