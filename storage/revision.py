"""The revision of the tables, read and written without alembic.

Optuna imports it, with Mako and Pygments, whenever it opens a database: in a driver and in each of its workers.
"""

from __future__ import annotations

from optuna.storages._rdb import storage as optunas
from optuna.storages._rdb.storage import _VersionManager
from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, insert, select

from storage.reading import KNOWN_REVISION

# As alembic makes it.
_TABLE = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


class _Revision(_VersionManager):
    """As Optuna's, which is asked where the tables are of another revision than the installed one's."""

    def _init_alembic(self) -> None:
        is_new = self._is_alembic_supported()
        with self.engine.begin() as connection:
            _TABLE.create(connection, checkfirst=True)
            if _revision_in(connection) is not None:
                return
            if is_new:
                connection.execute(insert(_TABLE).values(version_num=KNOWN_REVISION))
                return
        super()._init_alembic()

    def check_table_schema_compatibility(self) -> None:
        with self.engine.connect() as connection:
            if _revision_in(connection) == KNOWN_REVISION:
                return
        super().check_table_schema_compatibility()


def _revision_in(connection: Connection) -> str | None:
    return connection.execute(select(_TABLE)).scalar()


def keep_revisions_without_alembic() -> None:
    """From now on, in this process."""
    optunas._VersionManager = _Revision  # type: ignore[misc]
