"""All studies of a database, a row each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from search.analysis.facts.busy import merged
from search.errors import InputError
from search.study.rows_beside import with_rows_beside
from search.study.standing import Standing, standing, standings
from search.study.study import Study
from storage import StorageURL, is_driven, study_lock


@dataclass(frozen=True)
class Overview:
    """Where one study stands. `state` is running, finished, resumable, or foreign (not made by perceptuna).

    `driver` names host and process while it is running; `companion_of` the study that it is about, where it is no
    search of its own. That has no `best`: its trainings differ in their seeds and their rows, and a single one of
    them tells nothing. Of several `aims`, `best` is the best value of the first. `began` is when its first trial did,
    in local time and ISO 8601; `seconds` those in which trials ran that have ended, without the pauses between.
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
    began: str | None = None
    seconds: float | None = None
    aims: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        facts = asdict(self)
        aims = facts.pop("aims")
        return {**facts, "aims": list(aims)} if aims else facts

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> Overview:
        """What `to_json` says."""
        return cls(**{**told, "aims": tuple(told.get("aims", ()))})


def overviews(url: StorageURL) -> list[Overview]:
    """One row per study, in order of creation."""
    return [_overview(one, url) for one in standings(url)]


def overview(study: Study) -> Overview:
    """Where `study` stands now."""
    return _overview(standing(study), study.url)


def _overview(study: Standing, url: StorageURL) -> Overview:
    record, when = study.record, (_began(study), _seconds(study))
    try:
        settings, metric = with_rows_beside(record.settings, url), record.metric
    except InputError:
        return Overview(
            study.name, "foreign", None, study.finished, None, None, study.best, None, None, *when
        )
    state = study_state(url, study.name, study.finished, settings.trials)
    return Overview(
        study=study.name,
        state=state,
        driver=study_lock(url, study.name).holder() if state == "running" else None,
        finished=study.finished,
        budget=settings.trials,
        metric=metric,
        best=study.best if record.companion_of is None else None,
        data=settings.data,
        companion_of=record.companion_of,
        began=when[0],
        seconds=when[1],
        aims=settings.aims,
    )


def _began(study: Standing) -> str | None:
    first = min((start for start, _ in study.spans), default=None)
    return None if first is None else first.isoformat(timespec="seconds")


def _seconds(study: Standing) -> float | None:
    spans = merged((start, end) for start, end in study.spans if end is not None)
    return sum((end - start).total_seconds() for start, end in spans) if spans else None


def study_state(url: StorageURL, name: str, finished: int, budget: int) -> str:
    """`running` while a living driver holds it; else whether its budget is used up."""
    if is_driven(url, name):
        return "running"
    return "finished" if finished >= budget else "resumable"
