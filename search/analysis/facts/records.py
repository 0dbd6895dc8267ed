"""The best trials of a study, and those that beat all before them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from search.settings.metrics import Direction, sign_of

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


def records(trials: Iterable[FrozenTrial], direction: Direction) -> list[FrozenTrial]:
    """The complete trials that beat all of `trials` before them, by their first value."""
    found: list[FrozenTrial] = []
    for trial in _complete(trials):
        if not found or _worth(trial, direction) > _worth(found[-1], direction):
            found.append(trial)
    return found


def best_numbers(trials: Iterable[FrozenTrial], direction: Direction, most: int) -> list[int]:
    """Numbers of the best `most` of `trials`, by their first value, the best first."""
    ranked = sorted((-_worth(trial, direction), trial.number) for trial in _complete(trials))
    return [number for _, number in ranked[:most]]


def _complete(trials: Iterable[FrozenTrial]) -> Iterable[FrozenTrial]:
    return (trial for trial in trials if trial.state.name == "COMPLETE" and trial.values)


def _worth(trial: FrozenTrial, direction: Direction) -> float:
    return sign_of(direction) * trial.values[0]
