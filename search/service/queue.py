"""The queue: studies that were handed in, each a row of the database, so that none is lost with the service.

Each change is one statement that says from which state it leads: of two who change a row at once, one is refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    inspect,
    select,
)
from sqlalchemy.exc import IntegrityError

from search.service.jobs import Job
from search.service.owners import QUEUE_TABLE
from search.service.states import DRIVEN, State
from storage.own_tables import in_one_transaction, make_tables
from storage.study_storage import StudyStorage

_QUEUE = Table(
    QUEUE_TABLE,
    MetaData(),
    Column("study", String(100), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("settings", Text, nullable=False),
    Column("trials", Integer, nullable=False),
    Column("workers", Integer),
    Column("timeout", Float),
    Column("priority", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("then", String(16)),
    Column("slots", Integer, nullable=False),
    Column("handed_in", Float, nullable=False),
    Column("began", Float),
    Column("ended", Float),
    Column("ran", Float, nullable=False),
    Column("reason", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("not_before", Float, nullable=False),
    Column("key", String(200)),
    Column("request", String(64)),
    Column("job", Text),
    Column("notify", Text),
    Column("notified", Float),
)
# A key names one request of its owner.
_ONCE = Index(f"{QUEUE_TABLE}_key", _QUEUE.c.owner, _QUEUE.c.key, unique=True)


@dataclass(frozen=True)
class QueuedStudy:
    """One study that was handed in. Times are seconds since 1970, UTC.

    Attributes:
        settings: what its owner gave, as JSON by the names of settings; without trials, workers and timeout.
        trials: the budget of finished trials.
        workers: most slots that it takes; None for as many as there are.
        timeout: seconds that it may run, all starts together.
        then: the state that follows when its driver, which was asked to end, has ended.
        slots: that it has; 0 while no driver runs.
        began: when its driver was started last; `ended`, when the last one had ended.
        ran: seconds that drivers ran before this one.
        reason: why it is where it is, for people.
        failures: drivers in a row that ended out of order without a trial that ended.
        not_before: it is not started earlier.
        key, request: of who hands it in twice: the same key, and a digest of what was handed in.
        job: what is to be concluded from another study; None for a search.
        notify: an address that is told when it is over; `notified` is the `ended` that it was told of.
    """

    study: str
    owner: str
    settings: str
    trials: int
    workers: int | None = None
    timeout: float | None = None
    priority: int = 0
    note: str = ""
    state: State = State.QUEUED
    then: State | None = None
    slots: int = 0
    handed_in: float = 0.0
    began: float | None = None
    ended: float | None = None
    ran: float = 0.0
    reason: str = ""
    failures: int = 0
    not_before: float = 0.0
    key: str | None = None
    request: str | None = None
    job: Job | None = None
    notify: str | None = None
    notified: float | None = None

    def most(self, slots: int) -> int:
        """Slots that it can use, of so many."""
        return max(1, min(self.workers or slots, self.trials, slots))


_FIELDS = [field.name for field in fields(QueuedStudy)]
_COLUMNS = [_QUEUE.c[name] for name in _FIELDS]


class RowsChanged(Exception):
    """A row is not in one of the states from which a change leads."""


class Queue:
    """The queue in a database, whose table is made where it is missing."""

    def __init__(self, storage: StudyStorage, clock: Callable[[], float] = time.time) -> None:
        self._storage = storage
        self._clock = clock
        in_one_transaction(storage, lambda connection: make_tables(connection, _QUEUE))

    def add(self, study: QueuedStudy) -> bool:
        """Whether it could be added: its name, and its owner's key, are not there yet."""
        job = None if study.job is None else study.job.model_dump_json()
        row = {name: getattr(study, name) for name in _FIELDS} | {"handed_in": self._clock(), "job": job}
        try:
            in_one_transaction(
                self._storage, lambda connection: connection.execute(_QUEUE.insert().values(row))
            )
        except IntegrityError:
            return False
        return True

    def find(self, study: str) -> QueuedStudy | None:
        return next(iter(self._where(_QUEUE.c.study == study)), None)

    def find_key(self, owner: str, key: str) -> QueuedStudy | None:
        """What this owner handed in under this key."""
        return next(iter(self._where((_QUEUE.c.owner == owner) & (_QUEUE.c.key == key))), None)

    def about(self, study: str) -> list[QueuedStudy]:
        """Conclusions that are to be drawn from `study`."""
        jobs = self._where(_QUEUE.c.job.is_not(None))
        return [one for one in jobs if one.job is not None and one.job.about == study]

    def all(self) -> list[QueuedStudy]:
        """In the order in which they were handed in."""
        return self._where(True)

    def in_states(self, *states: State) -> list[QueuedStudy]:
        return self._where(_QUEUE.c.state.in_(states))

    def to_be_notified(self, states: Collection[State]) -> list[QueuedStudy]:
        """Those in one of `states` whose last end was not told to who wants to hear of it."""
        untold = _QUEUE.c.ended.is_distinct_from(_QUEUE.c.notified)
        return self._where(_QUEUE.c.state.in_(list(states)) & _QUEUE.c.notify.is_not(None) & untold)

    def move(
        self, study: str, since: Collection[State], state: State, then: State | None = None, **changes: Any
    ) -> bool:
        """Whether it could be moved to `state`: it was in one of the states `since`."""
        slots = {} if state in DRIVEN else {"slots": 0}
        values = {"state": state, "then": then, **slots, **changes}
        this = (_QUEUE.c.study == study) & _QUEUE.c.state.in_(list(since))
        return self._changed(this, values)

    def settle(self, study: QueuedStudy, state: State, **changes: Any) -> bool:
        """Whether its driver's end could be settled: nobody has asked for anything else since `study` was read."""
        as_read = (_QUEUE.c.state == study.state) & _QUEUE.c.then.is_not_distinct_from(study.then)
        values = {"state": state, "then": None, "slots": 0, **changes}
        return self._changed((_QUEUE.c.study == study.study) & as_read, values)

    def change(self, study: str, changes: Mapping[str, Any]) -> bool:
        """Other fields than its state, whatever that is."""
        return self._changed(_QUEUE.c.study == study, changes)

    def rename(self, connection: Connection, names: Mapping[str, str], since: Collection[State]) -> None:
        """Give the rows that are there their new names, in a transaction of the caller's; done twice it is done once.

        A job is then about the new name of the study that it was about.

        Raises:
            RowsChanged: one is in none of the states `since`.
        """
        wanted = select(*_COLUMNS).where(_QUEUE.c.study.in_(list(names)))
        for one in map(_read, connection.execute(wanted).mappings().all()):
            job = one.job
            if job is not None and job.about in names:
                job = job.model_copy(update={"about": names[job.about]})
            values = {"study": names[one.study], "job": None if job is None else job.model_dump_json()}
            this = (_QUEUE.c.study == one.study) & _QUEUE.c.state.in_(list(since))
            if not connection.execute(_QUEUE.update().where(this).values(values)).rowcount:
                raise RowsChanged(one.study)

    def remove(self, study: str, since: Collection[State]) -> bool:
        """Whether it could be removed: it was in one of the states `since`."""
        this = (_QUEUE.c.study == study) & _QUEUE.c.state.in_(list(since))
        done = in_one_transaction(
            self._storage, lambda connection: connection.execute(_QUEUE.delete().where(this))
        )
        return bool(done.rowcount)

    def _changed(self, this: Any, values: Mapping[str, Any]) -> bool:
        def change(connection: Any) -> int:
            return int(connection.execute(_QUEUE.update().where(this).values(dict(values))).rowcount)

        return in_one_transaction(self._storage, change) > 0

    def _where(self, condition: Any) -> list[QueuedStudy]:
        wanted = select(*_COLUMNS).order_by(_QUEUE.c.handed_in, _QUEUE.c.study)
        if condition is not True:
            wanted = wanted.where(condition)
        rows = in_one_transaction(
            self._storage, lambda connection: connection.execute(wanted).mappings().all()
        )
        return [_read(row) for row in rows]


def has_queue(storage: StudyStorage) -> bool:
    """Whether a study was ever handed in to the database. Writes nothing."""
    return in_one_transaction(storage, lambda connection: inspect(connection).has_table(_QUEUE.name))


def _read(row: RowMapping) -> QueuedStudy:
    then, job = row["then"], row["job"]
    read = {
        "state": State(row["state"]),
        "then": None if then is None else State(then),
        "job": None if job is None else Job.model_validate_json(job),
    }
    return QueuedStudy(**{**row, **read})
