"""All studies of a database, a row each."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from search.errors import InputError
from search.study.study import Study, load_studies
from storage import StorageURL, is_driven, study_lock


@dataclass(frozen=True)
class Overview:
    """Where one study stands. `state` is running, finished, resumable, or foreign (not made by perceptuna).

    `driver` names host and process while it is running; `companion_of` the study that it is about, where it is no
    search of its own. That has no `best`: its trainings differ in their seeds and their rows, and a single one of
    them tells nothing.
    """

    study: str
    state: str
    driver: str | None
    finished: int
    budget: int | None
    metric: str | None
    best: float | None
    data: str | None
    companion_of: str | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def overviews(url: StorageURL) -> list[Overview]:
    """One row per study, in order of creation."""
    return [overview(study) for study in load_studies(url)]


def overview(study: Study) -> Overview:
    """Where `study` stands now."""
    best = study.best_trial()
    finished = len(study.finished())
    try:
        settings, metric = study.settings, study.metric
    except InputError:
        value = best.value if best else None
        return Overview(study.name, "foreign", None, finished, None, None, value, None)
    state = study_state(study, finished)
    return Overview(
        study=study.name,
        state=state,
        driver=study_lock(study.url, study.name).holder() if state == "running" else None,
        finished=finished,
        budget=settings.trials,
        metric=metric,
        best=best.value if best and study.companion_of is None else None,
        data=settings.data,
        companion_of=study.companion_of,
    )


def study_state(study: Study, finished: int) -> str:
    """`running` while a living driver holds it; else whether its budget is used up."""
    if is_driven(study.url, study.name):
        return "running"
    return "finished" if finished >= study.settings.trials else "resumable"
