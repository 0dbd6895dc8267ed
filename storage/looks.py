"""The record of looks at test splits: a table of its own beside Optuna's, which nothing that deletes a study touches.

A row is added before a split is opened, and completed once by what was seen; no row is ever removed. That a split
and a model make a row unique is the database's to hold, so that two processes cannot take one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
    func,
    inspect,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from storage.own_tables import in_one_transaction, make_tables
from storage.study_storage import StudyStorage

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


@dataclass(frozen=True)
class KeptLook:
    """One look: JSON of who `opened` the split for which model, and of what was `seen` (None before that)."""

    model: str
    opened: str
    seen: str | None


def add_look(storage: StudyStorage, split: str, look: KeptLook) -> None:
    """Record it, unless there is one of the same split and model."""

    def add(connection: Connection) -> None:
        make_tables(connection, _LOOKS)
        insert: Any = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        row = {"split": split, "model": look.model, "opened": look.opened, "seen": look.seen}
        connection.execute(insert(_LOOKS).values(row).on_conflict_do_nothing())

    in_one_transaction(storage, add)


def complete_look(storage: StudyStorage, split: str, model: str, seen: str) -> None:
    """Add what was seen, unless it is there."""

    def complete(connection: Connection) -> None:
        this = (_LOOKS.c.split == split) & (_LOOKS.c.model == model)
        connection.execute(_LOOKS.update().where(this & _LOOKS.c.seen.is_(None)).values(seen=seen))

    in_one_transaction(storage, complete)


def looks_there(connection: Connection) -> tuple[int, int]:
    """How many looks there are, at all splits, and how many are completed: other figures tell of a change."""
    if not inspect(connection).has_table(_LOOKS.name):
        return 0, 0
    count, seen = connection.execute(
        select(func.count(), func.count(_LOOKS.c.seen)).select_from(_LOOKS)
    ).one()
    return int(count), int(seen)


def looks_at(storage: BaseStorage, split: str) -> Sequence[KeptLook]:
    """All at one split, in the order in which they were added; none in a storage that is no database."""

    def read(connection: Connection) -> list[KeptLook]:
        if not inspect(connection).has_table(_LOOKS.name):
            return []
        of_split = select(*_COLUMNS).where(_LOOKS.c.split == split).order_by(_LOOKS.c.place)
        return [KeptLook(*row) for row in connection.execute(of_split)]

    return in_one_transaction(storage, read) if isinstance(storage, StudyStorage) else []
