"""Where studies stand, a row each: what the queue knows of them beside what the database does."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from search.analysis.facts.overview import Overview, overviews
from search.analysis.facts.time_left import time_left
from search.service.queue import QueuedStudy
from search.service.service import Service
from search.service.shown import Shown
from search.service.states import DRIVEN, OVER, State, allowed
from search.study.study import Study
from search.study.study_record import search_names
from storage.own_tables import in_one_transaction
from storage.standings import trial_counts

_RUNNING_SECONDS, _RESTING_SECONDS, _OVER_SECONDS = 2.0, 20.0, 3600.0
# After that, what was counted of all studies at once is newer than the end of one.
_SETTLED_SECONDS = 10.0


@dataclass(frozen=True)
class Row:
    """One study. Times are ISO 8601, UTC; `seconds_left` is a range of seconds.

    Attributes:
        state: of the queue, or as `perceptuna list` says it of a study that was started elsewhere, without an owner.
        can: what may be asked of it.
        reference: the value of the best reference model on the same rows.
        job: finalize or ablate, of study `about`; None for a search.
    """

    study: str
    state: str
    owner: str | None
    priority: int | None
    note: str
    reason: str
    can: list[str]
    finished: int
    budget: int | None
    metric: str | None
    best: float | None
    reference: float | None
    data: str | None
    slots: int | None
    workers: int | None
    handed_in: str | None
    began: str | None
    ended: str | None
    seconds_left: dict[str, float] | None
    job: str | None = None
    about: str | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def names(service: Service) -> list[tuple[str, QueuedStudy | None]]:
    """All studies, the newest first: those of the queue, then those that were started elsewhere."""
    queued = {one.study: one for one in reversed(service.queue.all())}
    searches = in_one_transaction(service.storage, search_names)
    others = [name for name in reversed(searches) if name not in queued]
    return [*queued.items(), *((name, None) for name in others)]


def row_of(service: Service, name: str, queued: QueuedStudy | None, counted: Overview | None = None) -> Row:
    """Where it stands now; by what was `counted` of it, where that is given, without reading its trials."""
    return row_of_shown(service.shown(name), name, queued, counted)


def row_of_shown(
    shown: Shown | None, name: str, queued: QueuedStudy | None, counted: Overview | None = None
) -> Row:
    """As `row_of`, of a study that was read."""
    if shown is not None and shown.study.record.is_incomplete and queued is not None:
        shown = None  # its driver makes it right now
    seen = None if shown is None else counted or shown.overview
    state = queued.state.value if queued else seen.state if seen else "unknown"
    return Row(
        study=name,
        state=state,
        owner=queued.owner if queued else None,
        priority=queued.priority if queued else None,
        note=queued.note if queued else "",
        reason=queued.reason if queued else "",
        can=allowed(queued.state) if queued else [],
        finished=seen.finished if seen else 0,
        budget=queued.trials if queued else seen.budget if seen else None,
        metric=seen.metric if seen else None,
        best=seen.best if seen else None,
        reference=shown.reference if shown and shown.study.companion_of is None else None,
        data=seen.data if seen else None,
        slots=queued.slots if queued else None,
        workers=queued.workers if queued else None,
        handed_in=moment(queued.handed_in) if queued else None,
        began=moment(queued.began) if queued else None,
        ended=moment(queued.ended) if queued else None,
        seconds_left=_left(shown.study, queued) if shown and state == State.RUNNING else None,
        job=queued.job.command if queued and queued.job else None,
        about=queued.job.about if queued and queued.job else None,
    )


class Counts:
    """What is counted of all studies at once, for the rows of one list: counted once, however long the rows take."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @cached_property
    def trials(self) -> dict[str, tuple[int, int]]:
        """By study: other figures tell of a change."""
        service = self._service
        found = service.rows.get(
            "trials of all studies", None, lambda: in_one_transaction(service.storage, trial_counts)
        )
        assert isinstance(found, dict)
        return found

    @cached_property
    def overviews(self) -> dict[str, Overview]:
        """By study: in the database, which takes less time than to read the trials of one."""
        service = self._service
        found = service.rows.get(
            "all studies", None, lambda: {one.study: one for one in overviews(service.url)}
        )
        assert isinstance(found, dict)
        return found


def rows_of_list(service: Service, pairs: Sequence[tuple[str, QueuedStudy | None]]) -> list[Row]:
    """A row for each of these studies, as `listed`."""
    counts = Counts(service)
    return [listed(service, name, queued, counts) for name, queued in pairs]


def listed(service: Service, name: str, queued: QueuedStudy | None, counts: Counts | None = None) -> Row:
    """As `row_of`, a few seconds old perhaps, where nothing has happened to the study since: for lists."""
    counts = counts or Counts(service)
    figures = counts.trials.get(name)

    def found() -> Row:
        settled = figures is not None and _is_settled(queued)
        counted = (
            service.rows.get(f"of {name}", figures, lambda: counts.overviews.get(name)) if settled else None
        )
        assert counted is None or isinstance(counted, Overview)
        return row_of(service, name, queued, counted)

    row = service.rows.get(name, (queued, figures), found)
    assert isinstance(row, Row)
    return row


def _is_settled(queued: QueuedStudy | None) -> bool:
    """Whether no driver has had it for a while."""
    if queued is None or queued.state not in OVER:
        return False
    return queued.ended is None or time.time() - queued.ended > _SETTLED_SECONDS


def good_for(shown: object) -> float:
    """Seconds for which something is good that is shown to many: a row of a study that is over, for longest."""
    if isinstance(shown, Overview):
        return _OVER_SECONDS
    if not isinstance(shown, Row) or shown.state in DRIVEN:
        return _RUNNING_SECONDS
    return _OVER_SECONDS if shown.owner is not None and shown.state in OVER else _RESTING_SECONDS


def moment(seconds: float | None) -> str | None:
    """Seconds since 1970 as a time that people and programs read."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _left(study: Study, queued: QueuedStudy | None) -> dict[str, float] | None:
    settings = study.settings
    if queued is not None:
        settings = settings.model_copy(update={"trials": queued.trials})
    left = time_left(study, settings)
    return left.to_json() if left else None
