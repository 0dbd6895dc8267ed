"""Prediction intervals of a regression: how far answers were off on rows that nothing was fitted on.

Split conformal prediction (Vovk, Gammerman & Shafer 2005; Lei et al. 2018, alg. 2): of n rows, the absolute error of
rank ceil((n + 1) level) is not exceeded by a new row of the same kind with a probability of at least `level`, whatever
the model. Errors often grow with what is predicted, so rows are put into groups by their prediction, and
each group has errors of its own (Vovk et al. 2005, sec. 4.5).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict

from search.errors import InputError

if TYPE_CHECKING:
    from search.data import DataSpec
    from search.data.rows.raw import Array

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
USUAL_LEVEL = 0.9
# Of fewer rows in a group, the error of a rank is a matter of luck.
_ROWS_OF_A_GROUP = 150
_MOST_GROUPS = 10


class Intervals(BaseModel):
    """Half widths of intervals around predictions, in the target's units, by `rows` of known targets.

    Predictions are in groups, which `edges` lie between, ascending; one that is an edge is above it. `halves` has a
    half width for each group by level; a level that the rows of a group are too few for is not there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    edges: tuple[float, ...]
    halves: dict[float, tuple[float, ...]]

    def half_widths(self, predictions: Array, level: float) -> Array:
        """Float64 (rows,).

        Raises:
            InputError: there are none of this level.
        """
        if level not in self.halves:
            there = ", ".join(f"{known:g}" for known in self.halves) or "none"
            few = level in LEVELS
            why = (
                f"{self.rows:,} validation rows are too few for it"
                if few
                else "it is none of those that are kept"
            )
            raise InputError(f"--interval {level:g}: {why}; take one of these: {there}")
        of_group = np.array(self.halves[level])
        return np.asarray(of_group[np.searchsorted(self.edges, predictions, side="right")])

    def covers(self, predictions: Array, targets: Array, level: float) -> Array:
        """Whether the target is within the interval, bool (rows,)."""
        return np.asarray(np.abs(predictions - targets) <= self.half_widths(predictions, level))


def intervals_of(predictions: Array, targets: Array) -> Intervals:
    """By rows that the network was not fitted on, (rows,) each, at least one, in the target's units."""
    predictions = predictions.astype(np.float64)
    errors, rows = np.abs(predictions - targets), len(predictions)
    groups = min(max(rows // _ROWS_OF_A_GROUP, 1), _MOST_GROUPS)
    # Edges that hold as many rows each; equal predictions are in one group.
    edges = np.unique(np.quantile(predictions, np.arange(1, groups) / groups))
    edges = edges[edges > predictions.min()]
    group = np.searchsorted(edges, predictions, side="right")
    of_groups = [np.sort(errors[group == number]) for number in range(len(edges) + 1)]
    halves = {}
    for level in LEVELS:
        found = [conformal_quantile(of_group, level) for of_group in of_groups]
        if all(math.isfinite(half) for half in found):
            halves[level] = tuple(found)
    return Intervals(rows=rows, edges=tuple(map(float, edges)), halves=halves)


def intervals_of_outputs(outputs: Array, y: Array, spec: DataSpec) -> Intervals | None:
    """By what a network answers before its last activation, (rows, units), for prepared rows of targets `y`, (rows,).

    None of classes.
    """
    if spec.task != "regression":
        return None
    return intervals_of(*in_units(outputs[:, 0], y, spec))


def in_units(outputs: Array, y: Array, spec: DataSpec) -> tuple[Array, Array]:
    """What a network answers for prepared rows, and their prepared targets, in the target's units; float64 (rows,)."""
    predictions = spec.standardised_answers(outputs.astype(np.float64))
    targets = spec.standardised_targets(np.asarray(y, dtype=np.float64))
    return spec.in_units(predictions), spec.in_units(targets)


def conformal_quantile(errors: Array, level: float) -> float:
    """The error of rank ceil((n + 1) level) of n ascending ones; infinite where there are too few."""
    # Rounded first: 0.7 * 10 is 7.000000000000001 or so, whose ceiling is 8.
    rank = math.ceil(round((len(errors) + 1) * level, 9))
    return float(errors[rank - 1]) if rank <= len(errors) else math.inf
