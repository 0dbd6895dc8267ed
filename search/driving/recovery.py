"""Trials that were lost: they are given up and their hyperparameters enqueued again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.study.attempts import LOST, ORIGINAL, REQUEUED, original_number
from search.study.planned import PLANNED
from search.study.study import STOP_REQUESTED, Study

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


def recover(study: Study) -> int:
    """Run orphans again: trials that a dead driver left RUNNING; and forget that a driver was asked to stop.

    The caller holds the study's lock.

    Returns:
        How many there were.
    """
    from optuna.trial import TrialState

    study.optuna.set_user_attr(STOP_REQUESTED, False)
    trials = study.optuna.get_trials(deepcopy=False)
    orphans = [trial for trial in trials if trial.state == TrialState.RUNNING]
    for trial in orphans:
        run_again(study, trial, "its driver died")
    return len(orphans)


def run_again(study: Study, trial: FrozenTrial, why: str, lost: int = 0) -> None:
    """Fail `trial` and enqueue its hyperparameters under its original number.

    Safe to be killed at any point: the copy is enqueued first, and is not enqueued twice.
    Nothing else is copied: rungs passed and artifacts belong to the lost attempt.
    """
    from optuna.trial import TrialState

    number = original_number(trial)
    lost = max(lost, int(trial.user_attrs.get(LOST, 0)))
    waiting = study.optuna.get_trials(deepcopy=False, states=(TrialState.WAITING,))
    if number not in {original_number(other) for other in waiting}:
        carried = {PLANNED: trial.user_attrs[PLANNED]} if PLANNED in trial.user_attrs else {}
        if lost:
            carried[LOST] = lost
        study.optuna.enqueue_trial(_fixed(study, trial), user_attrs={ORIGINAL: number, **carried})
    study.optuna._storage.set_trial_user_attr(trial._trial_id, REQUEUED, why)
    study.optuna.tell(trial.number, state=TrialState.FAIL)


def _fixed(study: Study, trial: FrozenTrial) -> dict[str, object]:
    """All hyperparameters of `trial`; or what it was enqueued with, when a kill ended the asking.

    Then nobody has trained it, and its seed draws the rest as it would have been drawn.
    """
    from optuna.trial import FixedTrial

    enqueued = trial.system_attrs.get("fixed_params", {})
    if PLANNED in trial.user_attrs:
        return dict(enqueued)
    asked = {**enqueued, **trial.params}
    try:
        study.space.suggest(FixedTrial(asked))
    except ValueError:
        return dict(enqueued)
    return asked
