"""Attempts at one configuration: a trial that was lost is run again under a new number.

The original number names a configuration whatever happens to its attempts. It seeds the sampler, the training and
the choice of a bracket, so that an interrupted study goes on as it would have gone on without the interruption.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import optuna
    from optuna.trial import FrozenTrial

ORIGINAL = "original_number"
# Why a trial was given up and its hyperparameters enqueued again.
REQUEUED = "requeued"
# How often its worker died.
LOST = "times_lost"
# Why a trial was never trained.
INFEASIBLE = "infeasible"


def original_number(trial: FrozenTrial | optuna.Trial) -> int:
    """Which configuration of the study it tries, counted from 0; equal for all attempts at it.

    That is the trial's own number until a trial of the study is run again.
    """
    return int(trial.user_attrs.get(ORIGINAL, trial.number))


def next_original_number(trials: Iterable[FrozenTrial]) -> int:
    """That of the next new configuration."""
    return max((original_number(trial) for trial in trials), default=-1) + 1


def counts(trial: FrozenTrial) -> bool:
    """Whether a trial counts toward the budget: it was trained, and its end is its own.

    One that is run again under another number does not, nor one that was found too large to be trained.
    """
    attributes = trial.user_attrs
    return trial.state.is_finished() and REQUEUED not in attributes and INFEASIBLE not in attributes
