"""A study as it is at one moment, for who asks much of it at once: its record and its trials are read once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from search.study.study import Study
from search.study.study_record import StudyRecord
from search.study.trial_record import TrialRecord, TrialRecords

if TYPE_CHECKING:
    import optuna
    from optuna.trial import TrialState

    from storage import StorageURL
    from storage.study_storage import StudyStorage


class SeenStudy(Study):
    """Its trials are read when they are first asked for; who wants to know what has happened since reads it anew.

    Args:
        storage: where it is.
        record: what was kept of it at that moment.
        load: Optuna's study of it; called when that is needed.
        known: of trials that have ended, as earlier readings of the study made them.
    """

    _storage: StudyStorage
    _record: StudyRecord
    _load: Callable[[], optuna.Study]
    _known: TrialRecords

    def __init__(
        self,
        name: str,
        url: StorageURL,
        storage: StudyStorage,
        record: StudyRecord,
        load: Callable[[], optuna.Study],
        known: TrialRecords,
    ) -> None:
        # What it is of is frozen.
        vars(self).update(
            {"name": name, "url": url, "_storage": storage, "_record": record, "_load": load, "_known": known}
        )

    @cached_property
    def optuna(self) -> optuna.Study:
        return self._load()

    @property
    def storage(self) -> StudyStorage:
        return self._storage

    @property
    def record(self) -> StudyRecord:
        return self._record

    @property
    def _records(self) -> TrialRecords:
        return self._known

    @cached_property
    def _all(self) -> list[TrialRecord]:
        return super().trials()

    def trials(self, states: Sequence[TrialState] | None = None) -> list[TrialRecord]:
        return [one for one in self._all if states is None or one.state in states]

    @cached_property
    def _ranking(self) -> list[TrialRecord]:
        return super()._complete()

    def _complete(self) -> list[TrialRecord]:
        return self._ranking
