"""The record of looks at test splits: a table of its own beside Optuna's, which nothing that deletes a study touches.

A row is added before a split is opened, and completed once by what was seen; no row is ever removed. That a split
and a model make a row unique is the database's to hold, so that two processes cannot take one place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from optuna.storages import BaseStorage
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    inspect,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable

from storage.patience import keep_trying
from storage.study_storage import StudyStorage

Result = TypeVar("Result")

_LOOKS = Table(
    "perceptuna_looks",
    MetaData(),
    Column("place", Integer, primary_key=True),
    Column("split", String(64), nullable=False),
    Column("model", String(64), nullable=False),
    Column("opened", Text, nullable=False),
    Column("seen", Text),
    UniqueConstraint("split", "model"),
)
_COLUMNS = _LOOKS.c.model, _LOOKS.c.opened, _LOOKS.c.seen
# Of PostgreSQL's advisory locks: two sessions that make one table at once are refused by a unique key of the catalog.
_MAKING_THE_TABLE = 0x6C6F6F6B73


@dataclass(frozen=True)
class KeptLook:
    """One look: JSON of who `opened` the split for which model, and of what was `seen` (None before that)."""

    model: str
    opened: str
    seen: str | None


def add_look(storage: StudyStorage, split: str, look: KeptLook) -> None:
    """Record it, unless there is one of the same split and model."""

    def add(connection: Connection) -> None:
        _make_table(connection)
        insert: Any = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        row = {"split": split, "model": look.model, "opened": look.opened, "seen": look.seen}
        connection.execute(insert(_LOOKS).values(row).on_conflict_do_nothing())

    _in_one_transaction(storage, add)


def complete_look(storage: StudyStorage, split: str, model: str, seen: str) -> None:
    """Add what was seen, unless it is there."""

    def complete(connection: Connection) -> None:
        this = (_LOOKS.c.split == split) & (_LOOKS.c.model == model)
        connection.execute(_LOOKS.update().where(this & _LOOKS.c.seen.is_(None)).values(seen=seen))

    _in_one_transaction(storage, complete)


def looks_at(storage: BaseStorage, split: str) -> Sequence[KeptLook]:
    """All at one split, in the order in which they were added; none in a storage that is no database."""

    def read(connection: Connection) -> list[KeptLook]:
        if not inspect(connection).has_table(_LOOKS.name):
            return []
        of_split = select(*_COLUMNS).where(_LOOKS.c.split == split).order_by(_LOOKS.c.place)
        return [KeptLook(*row) for row in connection.execute(of_split)]

    return _in_one_transaction(storage, read) if isinstance(storage, StudyStorage) else []


def _in_one_transaction(storage: StudyStorage, work: Callable[[Connection], Result]) -> Result:
    def attempt() -> Result:
        with storage._backend.engine.begin() as connection:
            return work(connection)

    return keep_trying(attempt)


def _make_table(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"select pg_advisory_xact_lock({_MAKING_THE_TABLE})"))
    connection.execute(CreateTable(_LOOKS, if_not_exists=True))
