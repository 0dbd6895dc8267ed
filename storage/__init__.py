"""Where results live: the database, the artifacts beside it, and the lock that keeps one driver per study.

Imports: nothing of the project.
"""

from storage.artifacts import artifact_folder, open_artifacts
from storage.database import check_connection, check_database, open_storage
from storage.errors import DatabaseUnusable, StorageError, StudyBusy
from storage.lock import StudyLock, is_driven, study_lock
from storage.reading import ARTIFACT_FOLDER
from storage.urls import DEFAULT_URL, StorageURL

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
