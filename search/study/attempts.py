"""Attempts at one configuration: a trial that was lost is run again under a new number.

The original number names a configuration whatever happens to its attempts. It seeds the sampler, the training and
the choice of a bracket, so that an interrupted study goes on as it would have gone on without the interruption.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.study.origin import ADOPTED, predecessor_of

if TYPE_CHECKING:
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


def next_original_number(study: optuna.Study) -> int:
    """That of the next new configuration: behind all of the study, and of the one whose trials it took over."""
    before = predecessor_of(study)
    own = (original_number(trial) + 1 for trial in study.get_trials(deepcopy=False))
    return max(0 if before is None else before.numbers, *own, 0)


def counts(trial: FrozenTrial) -> bool:
    """Whether a trial counts toward the budget: it was trained, and its end is its own.

    One that is run again under another number does not, nor one that was found too large to be trained, nor one
    that an earlier study trained.
    """
    return trial.state.is_finished() and not {REQUEUED, INFEASIBLE, ADOPTED} & trial.user_attrs.keys()


def was_trained(trial: FrozenTrial) -> bool:
    """Whether a trial was trained to an end that has a value, in its study or in an earlier one that it came from."""
    return trial.state.name in ("COMPLETE", "PRUNED") and not {REQUEUED, INFEASIBLE} & trial.user_attrs.keys()
