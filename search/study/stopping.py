"""Ask whoever drives a study to stop."""

from __future__ import annotations

from search.errors import InputError
from search.study.study import Study
from search.study.study_record import keep_study_facts
from storage import is_driven


def ask_to_stop(study: Study) -> None:
    """Its trials end at their next epoch, and go on from there on resume.

    Raises:
        InputError: nobody drives it.
    """
    if not is_driven(study.url, study.name):
        raise InputError(f"study '{study.name}' is not running")
    keep_study_facts(study.optuna, {"stop_requested": True})
