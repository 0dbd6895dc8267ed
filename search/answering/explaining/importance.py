"""Permutation importance: how much worse answers are when one column of the source is shuffled among the rows.

Breiman 2001, *Random forests*, sec. 10. A column's features are shuffled together, so it is the source's column that
is asked about, however many features were made of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from search.answering.explaining.explanation import Importance

if TYPE_CHECKING:
    from search.data.rows.raw import Array

SHUFFLES = 5
MOST_ROWS = 4000
_FEWEST_ROWS = 250
# Multiply-adds: some ten seconds of one core.
_MOST_WORK = 1e11


def rows_within(columns: int, parameters: int) -> int:
    """How many rows are looked at, so that all shuffles take seconds: fewer of more columns and larger networks."""
    affordable = int(_MOST_WORK / max(columns * SHUFFLES * parameters, 1))
    return min(max(affordable, _FEWEST_ROWS), MOST_ROWS)


def importances(
    x: Array, places: Mapping[str, Array], value_of: Callable[[Array], float], sign: int
) -> tuple[float, tuple[Importance, ...]]:
    """The value of the rows as they are, and what each column is worth, the most important first.

    Args:
        x: prepared rows, float32 (rows, features).
        places: the features of each column.
        value_of: the metric of such rows.
        sign: what a value is multiplied by, so that more of it is better.
    """
    before = value_of(x)
    found = [
        _importance(column, x, features, lambda rows: sign * (before - value_of(rows)), seed)
        for seed, (column, features) in enumerate(places.items())
    ]
    return before, tuple(sorted(found, key=lambda one: -one.worse))


def _importance(
    column: str, x: Array, features: Array, worse_by: Callable[[Array], float], seed: int
) -> Importance:
    if not len(features):
        return Importance(column, 0.0, 0.0)
    random, shuffled, worse = np.random.default_rng([0, seed]), x.copy(), []
    for _ in range(SHUFFLES):
        shuffled[:, features] = x[random.permutation(len(x))][:, features]
        worse.append(worse_by(shuffled))
    return Importance(column, float(np.mean(worse)), float(np.std(worse, ddof=1)) / math.sqrt(SHUFFLES))
