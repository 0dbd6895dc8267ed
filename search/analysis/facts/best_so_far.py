"""Trials that were the best so far when they ended, and the best few of all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from search.settings.metrics import Direction, sign_of

if TYPE_CHECKING:
    from search.study.trial_record import TrialRecord


def improvements(trials: Iterable[TrialRecord], direction: Direction) -> list[TrialRecord]:
    """The complete trials that beat all of `trials` before them, by their first value."""
    found: list[TrialRecord] = []
    for trial in _complete(trials):
        if not found or _worth(trial, direction) > _worth(found[-1], direction):
            found.append(trial)
    return found


def best_numbers(trials: Iterable[TrialRecord], direction: Direction, most: int) -> list[int]:
    """Numbers of the best `most` of `trials`, by their first value, the best first."""
    ranked = sorted((-_worth(trial, direction), trial.number) for trial in _complete(trials))
    return [number for _, number in ranked[:most]]


def _complete(trials: Iterable[TrialRecord]) -> Iterable[TrialRecord]:
    return (trial for trial in trials if trial.state.name == "COMPLETE" and trial.value is not None)


def _worth(trial: TrialRecord, direction: Direction) -> float:
    return sign_of(direction) * (trial.value or 0.0)
