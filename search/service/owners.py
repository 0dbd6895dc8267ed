"""Who handed in which study, for lists: read without Optuna."""

from __future__ import annotations

from sqlalchemy import inspect, text

from storage import StorageURL
from storage.database import reading_studies
from storage.refusals import opening
from storage.tables import are_unmade

QUEUE_TABLE = "perceptuna_queue"


def owners(url: StorageURL) -> dict[str, str]:
    """By study; empty where no service has ever had the database at `url`. Raises: as `open_storage`."""
    with opening(url):
        if are_unmade(url):
            return {}
    with reading_studies(url) as connection:
        if not inspect(connection).has_table(QUEUE_TABLE):
            return {}
        rows = connection.execute(text(f"select study, owner from {QUEUE_TABLE}"))
        return {str(study): str(owner) for study, owner in rows}
