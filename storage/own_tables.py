"""Tables of our own beside Optuna's: made when first needed, and asked in transactions that can be waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Table, inspect, text
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from storage.patience import keep_trying
from storage.study_storage import StudyStorage

Result = TypeVar("Result")

# Of PostgreSQL's advisory locks: two sessions that make one table at once are refused by a unique key of the catalog.
_MAKING_TABLES = 0x6C6F6F6B73


def in_one_transaction(storage: StudyStorage, work: Callable[[Connection], Result]) -> Result:
    """`work`, tried again as a whole while this thread is patient: it has to be safe to repeat."""

    def attempt() -> Result:
        with storage._backend.engine.begin() as connection:
            return work(connection)

    return keep_trying(attempt)


def make_tables(connection: Connection, *tables: Table) -> None:
    """Those that are not there yet, each with its indexes; to one of an earlier version, columns that it lacks.

    A column that came later may be NULL: an earlier version, which still writes rows, knows nothing of it.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"select pg_advisory_xact_lock({_MAKING_TABLES})"))
    for table in tables:
        connection.execute(CreateTable(table, if_not_exists=True))
        there = {column["name"] for column in inspect(connection).get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                added = CreateColumn(column).compile(dialect=connection.dialect)
                connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {added}"))
        for index in table.indexes:
            connection.execute(CreateIndex(index, if_not_exists=True))
