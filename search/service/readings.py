"""How the service reads studies: each as it is now, without reading again what has not changed since."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from search.service.kept_answers import KeptAnswers, Parts
from search.service.shown import Shown
from search.study.seen import SeenStudy
from search.study.study import load_study
from search.study.study_record import StudyRecord
from search.study.trial_record import TrialRecords
from search.training.environment import program_version
from storage import StorageURL, is_driven
from storage.looks import looks_there
from storage.one_study import StoredStudy, TrialsThere, stored_study, study_ids, trials_there
from storage.own_tables import in_one_transaction
from storage.study_storage import StudyStorage

# A trial of twenty epochs takes some 10 kB.
_MOST_TRIALS = 20_000

# A study by its number, its name and its identity: numbers of deleted studies are given again.
_Which = tuple[int, str, str | None]


@dataclass
class _Known:
    """What earlier readings of one study have read.

    Attributes:
        storage: has its trials.
        parts: of what is shown of it, those that follow from what the `stamp` tells of.
    """

    storage: StudyStorage
    records: TrialRecords = field(default_factory=TrialRecords)
    stamp: str = ""
    parts: Parts = field(default_factory=dict)


class Readings:
    """The studies of a database, each as it is at the moment when it is asked for.

    Of studies that were asked for last, trials that have ended stay in memory. Of those at which nothing happens, what
    is shown is kept in files: it is good until something happens.

    Args:
        folder: of these files.
        most: trials that stay in memory, of all studies; those of the study that was asked for last stay in any case.
    """

    def __init__(
        self, url: StorageURL, storage: StudyStorage, folder: Path, most: int = _MOST_TRIALS
    ) -> None:
        self._url = url
        self._storage = storage
        self._kept = KeptAnswers(folder)
        self._most = most
        self._known: OrderedDict[_Which, _Known] = OrderedDict()
        self._lock = threading.Lock()

    def study(self, name: str) -> SeenStudy | None:
        """A study; None where there is none."""
        stored = in_one_transaction(self._storage, lambda connection: stored_study(connection, name))
        return None if stored is None else self._seen(name, stored)[0]

    def shown(self, name: str) -> Shown | None:
        """A study with what is shown of it; None where there is none."""
        # Before anything is read: what is found out then is never older than what it is kept by.
        driven = is_driven(self._url, name)
        with self._storage._backend.engine.connect() as connection:
            stored = stored_study(connection, name)
            if stored is None:
                return None
            there, looks = trials_there(connection, stored.study_id), looks_there(connection)
        stamp = _stamp(name, self._url, stored, there, looks)
        study, known = self._seen(name, stored)
        if driven or there.unfinished:
            if known.stamp != stamp:
                known.stamp, known.parts = stamp, {}
            return Shown(study, known.parts, only=("reference", "facts"))
        number = stored.study_id
        return Shown(study, self._kept.of(number, stamp), lambda parts: self._kept.keep(number, stamp, parts))

    def remove_gone(self) -> None:
        """Remove what is kept of studies that are gone."""
        self._kept.remove_others(in_one_transaction(self._storage, study_ids))

    def _seen(self, name: str, stored: StoredStudy) -> tuple[SeenStudy, _Known]:
        record = StudyRecord(f"study '{name}' in {self._url}", stored.attributes)
        known = self._known_of((stored.study_id, name, record.known_identity))
        study = SeenStudy(
            name,
            self._url,
            self._storage,
            record,
            lambda: load_study(name, self._url, known.storage).optuna,
            known.records,
        )
        return study, known

    def _known_of(self, which: _Which) -> _Known:
        with self._lock:
            known = self._known.setdefault(which, _Known(StudyStorage(self._storage._backend)))
            self._known.move_to_end(which)
            while len(self._known) > 1 and self._trials() > self._most:
                self._known.popitem(last=False)
        return known

    def _trials(self) -> int:
        """How many are in memory."""
        return sum(one.storage.known_trials() for one in self._known.values())


def _stamp(
    name: str, url: StorageURL, study: StoredStudy, trials: TrialsThere, looks: tuple[int, int]
) -> str:
    """Of all that answers follow from, of a study at which nothing happens."""
    of_trials = [trials.count, trials.newest, trials.unfinished]
    # The database may be moved, and what lies beside it with it.
    told = [program_version(), str(url), name, study.attributes, of_trials, looks]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
