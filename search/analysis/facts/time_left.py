"""The time that a study still takes, as its database tells it: for who looks at it and does not drive it."""

from __future__ import annotations

from datetime import datetime

from search.driving.progress import durations
from search.driving.remaining import Interval, remaining_time
from search.settings.settings import StudySettings
from search.study.study import Study
from storage import is_driven


def time_left(study: Study, settings: StudySettings) -> Interval | None:
    """Seconds until a study has its budget with `settings`; None as in `remaining_time`."""
    known = durations(study)
    elapsed = _elapsed(study) if is_driven(study.url, study.name) else []
    return remaining_time(known, max(0, settings.trials - len(known)), settings.local_workers(), elapsed)


def _elapsed(study: Study) -> list[float]:
    """Seconds that each running trial has run."""
    from optuna.trial import TrialState

    now = datetime.now()  # Optuna's times have no zone
    running = study.trials(states=(TrialState.RUNNING,))
    return [(now - trial.datetime_start).total_seconds() for trial in running if trial.datetime_start]
