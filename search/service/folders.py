"""The service's files: beside the database, a folder for each study that it drives, and for each owner's uploads."""

from __future__ import annotations

import os
from pathlib import Path

from storage import StorageURL

FOLDER_SETTING = "PERCEPTUNA_SERVICE_FOLDER"


def service_folder(url: StorageURL) -> Path:
    """Beside an SQLite file, as `FILE.db-service`; of a server $PERCEPTUNA_SERVICE_FOLDER, else below this folder."""
    if url.sqlite_path is not None:
        return url.sqlite_path.with_name(url.sqlite_path.name + "-service")
    return Path(os.environ.get(FOLDER_SETTING) or "perceptuna-service").absolute()


def answers_folder(url: StorageURL) -> Path:
    """What was found out of studies, which can be found out again."""
    return service_folder(url) / "answers"


def private_folder(path: Path) -> Path:
    """`path`, made where it is missing, for this user alone."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
