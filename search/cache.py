"""Prepared data on this machine: its folder, a study's data from it, and where a worker finds its own."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from search.errors import DataError

if TYPE_CHECKING:
    from search.data import PreparedData
    from search.settings import StudySettings


def cache_folder() -> Path:
    """Where prepared data is kept: $PERCEPTUNA_CACHE, or the user's cache folder."""
    from platformdirs import user_cache_path

    chosen = os.environ.get("PERCEPTUNA_CACHE")
    return Path(chosen).expanduser() if chosen else user_cache_path("perceptuna")


def prepare_data(settings: StudySettings, version: int | None = None) -> PreparedData:
    """The data of a study, ready for workers; from the cache where it is there.

    `version` is that of the study's spec, where it has one: earlier ones gave tables other features.

    Raises:
        DataError: it cannot be used.
    """
    from search.data import prepare
    from search.data.spec import SPEC_VERSION, UNTAUGHT_VERSION
    from search.tensorflow_start import tensorflow_log_silenced

    request = settings.data_request()
    with tensorflow_log_silenced():
        return prepare(request, cache_folder(), max(version or SPEC_VERSION, UNTAUGHT_VERSION))


def received_folder(name: str) -> Path:
    """Where a worker keeps the data `name` that a driver on another machine sent: without the test split."""
    return cache_folder() / "received" / name


def find_data(folder: Path, fingerprint: str) -> PreparedData:
    """The data of a study on a worker: the driver's own `folder` where it is shared, else what was received.

    Raises:
        DataError: neither is there with this fingerprint.
    """
    from search.data import load_prepared

    for place in (folder, received_folder(folder.name)):
        with suppress(DataError):
            found = load_prepared(place)
            if found.spec.fingerprint == fingerprint:
                return found
    raise DataError(f"the data of the study is neither in {folder} nor in {received_folder(folder.name)}")
