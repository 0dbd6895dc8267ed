"""Durations of a study's trials, and what they say of the time that is left."""

from __future__ import annotations

from datetime import datetime

from search.attempts import counts
from search.launch import available_cores
from search.remaining import Interval, remaining_time
from search.settings import StudySettings
from search.study import Study


def workers_of(settings: StudySettings) -> int:
    """Trials at the same time."""
    return min(settings.workers or available_cores(), settings.trials)


def durations(study: Study) -> list[float]:
    """Wall seconds of each finished trial, from ask to tell, in the order in which they ended."""
    ended = [
        (trial.datetime_complete, trial.datetime_complete - trial.datetime_start)
        for trial in study.optuna.get_trials(deepcopy=False)
        if counts(trial) and trial.datetime_complete and trial.datetime_start
    ]
    return [duration.total_seconds() for _, duration in sorted(ended)]


def time_left(study: Study, now: datetime | None = None) -> Interval | None:
    """Seconds until a study that is running has its budget; None before three trials have ended."""
    from optuna.trial import TrialState

    now = now or datetime.now()  # Optuna's times have no zone
    running = study.optuna.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    elapsed = [(now - trial.datetime_start).total_seconds() for trial in running if trial.datetime_start]
    known, settings = durations(study), study.settings
    return remaining_time(known, settings.trials - len(known), workers_of(settings), elapsed)
