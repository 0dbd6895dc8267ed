"""Rows that a program handed over, which lie beside the database: the files of a study, and where they are now."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from search.settings.file_settings import FILE_SETTINGS
from storage.kept_rows import is_of_rows, rows_folder

if TYPE_CHECKING:
    from search.settings.settings import StudySettings
    from search.study.study_record import StudyRecord
    from storage import StorageURL


def rows_named(record: StudyRecord) -> set[str]:
    """The files of a study, as they are called in the folder; none of another program's study."""
    if record.is_foreign:
        return set()
    settings = record.settings
    return {
        Path(file).name for file in (getattr(settings, name) for name in FILE_SETTINGS) if is_of_rows(file)
    }


def with_rows_beside(settings: StudySettings, url: StorageURL) -> StudySettings:
    """`settings` with the files beside the database at `url`, where it was copied or moved with them."""
    folder = rows_folder(url)
    moved = {
        name: str(beside)
        for name in FILE_SETTINGS
        if is_of_rows(file := getattr(settings, name))
        and not os.path.exists(file)
        and (beside := folder / Path(file).name).exists()
    }
    return settings.model_copy(update=moved) if moved else settings
