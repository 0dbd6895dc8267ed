"""Where studies stand, in a few figures, for lists: of one whose trials are read, or of all of a database unread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from search.settings.metrics import sign_of
from search.study.origin import Origin
from search.study.study import Study
from search.study.study_record import StudyRecord
from search.study.trial_record import ADOPTED, NOT_COUNTED
from storage import StorageURL
from storage.database import reading_studies
from storage.refusals import opening
from storage.standings import CountedStudy, counted_studies
from storage.tables import are_unmade


@dataclass(frozen=True)
class Standing:
    """Of one study: how many of its trials count toward its budget, the value of its best one, and when trials ran.

    Of several aims the best is that in the first. A trial that has not ended has no end.
    """

    name: str
    record: StudyRecord
    finished: int
    best: float | None
    spans: Sequence[tuple[datetime, datetime | None]] = ()


def standing(study: Study) -> Standing:
    """That of `study`, by its trials."""
    best = study.best_trial()
    spans = [(one.datetime_start, one.datetime_complete) for one in study.trials() if one.datetime_start]
    return Standing(study.name, study.record, len(study.finished()), best.value if best else None, spans)


def standings(url: StorageURL) -> list[Standing]:
    """Those of all studies at `url`, in order of creation. Reads only.

    Raises:
        DatabaseUnusable: see `storage.check_database`.
    """
    with opening(url):
        if are_unmade(url):
            return []
    with reading_studies(url) as connection:
        found = counted_studies(connection, without=NOT_COUNTED, apart=ADOPTED)
    return [
        Standing(
            one.name,
            StudyRecord(f"study '{one.name}' in {url}", one.attributes),
            one.ended,
            _best(one),
            one.spans,
        )
        for one in found
    ]


def _best(study: CountedStudy) -> float | None:
    """As `Study.best_trial` chooses it."""
    comparable = [value for value, origin in study.apart if Origin.model_validate_json(origin).is_comparable]
    values = [*study.values, *comparable]
    if not values or (len(study.directions) != 1 and '"aims":' not in study.attributes.get("settings", "")):
        return None
    sign = sign_of(study.directions[0].lower())
    return max(values, key=lambda value: sign * value)
