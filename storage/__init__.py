"""Where results live: the database, the artifacts beside it, and the lock that keeps one driver per study.

Imports: nothing of the project.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from storage.errors import DatabaseUnusable, StorageError, StudyBusy
from storage.urls import DEFAULT_URL, StorageURL

if TYPE_CHECKING:
    from storage.artifacts import artifact_folder, open_artifacts
    from storage.database import check_connection, check_database, open_storage
    from storage.lock import StudyLock, is_driven, study_lock
    from storage.reading import ARTIFACT_FOLDER

__all__ = [
    "ARTIFACT_FOLDER",
    "DEFAULT_URL",
    "DatabaseUnusable",
    "StorageError",
    "StorageURL",
    "StudyBusy",
    "StudyLock",
    "artifact_folder",
    "check_connection",
    "check_database",
    "is_driven",
    "open_artifacts",
    "open_storage",
    "study_lock",
]

# What needs SQLAlchemy, by its module: a third of what a command takes that prints its help.
_NEEDS_SQLALCHEMY = {
    "artifacts": ("artifact_folder", "open_artifacts"),
    "database": ("check_connection", "check_database", "open_storage"),
    "lock": ("StudyLock", "is_driven", "study_lock"),
    "reading": ("ARTIFACT_FOLDER",),
}


def __getattr__(name: str) -> Any:
    """Called for what is not imported yet."""
    for module, names in _NEEDS_SQLALCHEMY.items():
        if name in names:
            globals().update({one: getattr(import_module(f"storage.{module}"), one) for one in names})
            return globals()[name]
    raise AttributeError(f"module 'storage' has no attribute '{name}'")
