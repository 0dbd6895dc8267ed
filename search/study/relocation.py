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

    Files of validation and test rows that were moved along, and lie beside it, are found.

    Raises:
        InputError: there is nothing at `place`, or other data than the study was started with; nothing is changed.
        StudyBusy: it is being driven.
    """
    there = place if place in BUILTIN_SOURCES else str(Path(place).absolute())
    moved = {"data": there, **_moved_beside(study, Path(there))}
    unchanged_data(study, study.settings.changed(moved))
    with study_lock(study.url, study.name):
        for one in (study, *companions_of(study)):
            settings = one.settings.model_copy(update=moved)
            keep_study_facts(one.optuna, {"settings": settings})
    # Read anew: a Study keeps what it has read.
    return load_study(study.name, study.url)


def _moved_beside(study: Study, data: Path) -> dict[str, str]:
    """Files of validation and test rows that are not where they were, and lie beside the data now."""
    settings = study.settings
    files = {name: file for name in ("validation", "test") if (file := getattr(settings, name)) is not None}
    return {
        name: str(beside)
        for name, file in files.items()
        if not Path(file).exists() and (beside := data.parent / Path(file).name).exists()
    }
