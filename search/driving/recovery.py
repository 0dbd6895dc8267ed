"""Trials that were lost: they are given up and their hyperparameters enqueued again."""

from __future__ import annotations

from search.study.left_off import LeftOff
from search.study.study import Study
from search.study.study_record import keep_study_facts
from search.study.trial_facts import TrialFacts, enqueue_trial, keep_facts
from search.study.trial_record import TrialRecord


def recover(study: Study) -> int:
    """Run orphans again: trials that a dead driver left RUNNING; and forget that a driver was asked to stop.

    The caller holds the study's lock.

    Returns:
        How many there were.
    """
    from optuna.trial import TrialState

    keep_study_facts(study.optuna, {"stop_requested": False})
    orphans = study.trials(states=(TrialState.RUNNING,))
    for trial in orphans:
        run_again(study, trial, "its driver died")
    return len(orphans)


def run_again(
    study: Study, trial: TrialRecord, why: str, lost: int = 0, left_off: LeftOff | None = None
) -> None:
    """Fail `trial` and enqueue its hyperparameters under its original number.

    Safe to be killed at any point: the copy is enqueued first, and is not enqueued twice.
    It goes on from where it was `left_off` now, or else from where `trial` went on. Nothing else is copied: artifacts
    belong to the lost attempt, and so do rungs passed, where nothing is gone on from.
    """
    from optuna.trial import TrialState

    lost = max(lost, trial.times_lost)
    waiting = study.trials(states=(TrialState.WAITING,))
    if trial.original not in {other.original for other in waiting}:
        carried: TrialFacts = {"original_number": trial.original}
        if trial.planned is not None:
            carried["planned"] = trial.planned
        if left_off := left_off or trial.left_off:
            carried["left_off"] = left_off
        if lost:
            carried["times_lost"] = lost
        enqueue_trial(study.optuna, _fixed(study, trial), carried)
    keep_facts(study.storage, trial.optuna._trial_id, {"requeued": why})
    study.optuna.tell(trial.number, state=TrialState.FAIL)


def _fixed(study: Study, trial: TrialRecord) -> dict[str, object]:
    """All hyperparameters of `trial`; or what it was enqueued with, when a kill ended the asking.

    Then nobody has trained it, and its seed draws the rest as it would have been drawn.
    """
    from optuna.trial import FixedTrial

    if trial.planned is not None:
        return trial.enqueued
    asked = {**trial.enqueued, **trial.params}
    try:
        study.space.suggest(FixedTrial(asked))
    except ValueError:
        return trial.enqueued
    return asked
