"""How the best value of a study came about, as a picture: a step for each trial that beat all before it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from search.analysis.facts.beside import best_reference
from search.analysis.facts.best_so_far import improvements
from search.analysis.facts.leaderboard import trials_with_value
from search.settings.metrics import Direction
from search.study.study import Study
from search.study.trial_record import TrialRecord
from search.text.formats import number

WIDTH, HEIGHT = 640.0, 240.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 12.0, 12.0, 28.0
_MOST = 500


@dataclass(frozen=True)
class Mark:
    """One trial, and what it says when the pointer rests on it."""

    x: float
    y: float
    says: str


@dataclass(frozen=True)
class Course:
    """A picture of `WIDTH` x `HEIGHT`: all in its coordinates, whose y grows downwards.

    Attributes:
        steps: the best so far, as the points of an SVG polyline.
        reference: where the best reference model stands; None where there is none.
        ticks: values on the left.
    """

    metric: str
    marks: list[Mark]
    steps: str
    reference: float | None
    ticks: list[tuple[float, str]]
    trials: int


def course_of(study: Study) -> Course | None:
    """None before a trial has a value. Of many trials some are drawn, evenly chosen, and all that were the best."""
    trials = [one for one in trials_with_value(study.trials()) if one.state.name == "COMPLETE"]
    if not trials:
        return None
    best = improvements(sorted(trials, key=lambda one: (one.datetime_complete, one.number)), study.direction)
    reference = best_reference(study)
    low, high = _range([one.value or 0.0 for one in trials], reference, study.direction)
    last = max(one.number for one in study.trials())

    def across(trial: int) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * trial / max(last, 1), 1)

    def down(value: float) -> float:
        share = (min(max(value, low), high) - low) / (high - low)
        return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * share, 1)

    drawn = {one.number: one for one in (*_thinned(trials), *best)}
    return Course(
        metric=study.metric,
        marks=[
            Mark(across(one.number), down(one.value or 0.0), f"trial {one.number}: {number(one.value)}")
            for one in drawn.values()
        ],
        steps=_steps([(across(one.number), down(one.value or 0.0)) for one in best]),
        reference=None if reference is None else down(reference),
        ticks=[(down(value), number(value)) for value in (low, (low + high) / 2, high)],
        trials=last,
    )


def _range(values: Sequence[float], reference: float | None, direction: Direction) -> tuple[float, float]:
    """Least and most that are drawn: the worst tenth is at the edge, or one value far off would press others flat."""
    ordered, cut = sorted(values), len(values) // 10
    low, high = (ordered[cut], ordered[-1]) if direction == "maximize" else (ordered[0], ordered[-1 - cut])
    if reference is not None:
        low, high = min(low, reference), max(high, reference)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _thinned(trials: Sequence[TrialRecord]) -> Sequence[TrialRecord]:
    return trials[:: math.ceil(len(trials) / _MOST)]


def _steps(points: Sequence[tuple[float, float]]) -> str:
    """Across at the height of one, then to that of the next."""
    found: list[tuple[float, float]] = []
    for x, y in points:
        if found:
            found.append((x, found[-1][1]))
        found.append((x, y))
    found.append((WIDTH - _RIGHT, points[-1][1]))
    return " ".join(f"{x},{y}" for x, y in found)
