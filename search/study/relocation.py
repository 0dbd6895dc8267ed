"""A study whose data was moved or renamed: told where it is now, it checks the content and keeps the new place."""

from __future__ import annotations

from pathlib import Path

from search.data import BUILTIN_SOURCES
from search.study.study import Study, companions_of, load_study
from search.study.study_record import keep_study_facts
from search.study.unchanged import unchanged_data
from storage import study_lock


def relocated(study: Study, place: str) -> Study:
    """`study` with its data at `place` from now on, and the studies about it likewise.

    Raises:
        InputError: there is nothing at `place`, or other data than the study was started with; nothing is changed.
        StudyBusy: it is being driven.
    """
    there = place if place in BUILTIN_SOURCES else str(Path(place).absolute())
    unchanged_data(study, study.settings.changed({"data": there}))
    with study_lock(study.url, study.name):
        for one in (study, *companions_of(study)):
            settings = one.settings.model_copy(update={"data": there})
            keep_study_facts(one.optuna, {"settings": settings})
    # Read anew: a Study keeps what it has read.
    return load_study(study.name, study.url)
