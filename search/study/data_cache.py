"""Prepared data on this machine: its folder, a study's data from it, and where a worker finds its own."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from search.errors import DataError

if TYPE_CHECKING:
    from search.data import DataSpec, PreparedData
    from search.settings.settings import StudySettings


def cache_folder() -> Path:
    """Where prepared data is kept: $PERCEPTUNA_CACHE, or the user's cache folder.

    A user may have no home, or one that cannot be written (in containers): then a private folder among the
    temporary ones.

    Raises:
        DataError: that one belongs to somebody else.
    """
    from platformdirs import user_cache_path

    chosen = os.environ.get("PERCEPTUNA_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    with suppress(RuntimeError):  # no home
        folder = user_cache_path("perceptuna")
        there = next(parent for parent in (folder, *folder.parents) if parent.exists())
        if os.access(there, os.W_OK):
            return folder
    return _private_folder(Path(tempfile.gettempdir(), f"perceptuna-cache-{os.getuid()}"))


def _private_folder(folder: Path) -> Path:
    """Anybody may make a folder among the temporary ones, and data from it would be trusted."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise DataError(
            f"{folder}: belongs to somebody else, and you have no home folder for prepared data; set "
            "$PERCEPTUNA_CACHE to a folder of your own"
        )
    return folder


def prepare_data(
    settings: StudySettings, version: int | None = None, *, before_training: bool = False
) -> PreparedData:
    """The data of a study, with its folds where it has any, ready for workers; from the cache where it is there.

    `version` is that of the study's spec, where it has one: earlier ones gave tables other features. `before_training`
    says that this process may train afterwards, for which TensorFlow has to be started with the study's threads.

    Raises:
        DataError: it cannot be used.
    """
    from search.data import prepare, prepare_folds
    from search.data.preparing.spec import SPEC_VERSION, UNTAUGHT_VERSION
    from search.machine.tensorflow_start import import_tensorflow, start_tensorflow, tensorflow_log_silenced
    from search.study.cached_data import cache_limit, keep_within

    def start() -> None:
        if before_training:
            start_tensorflow(settings.threads)
        else:
            import_tensorflow()

    limit = cache_limit()
    request, wanted = settings.data_request(), max(version or SPEC_VERSION, UNTAUGHT_VERSION)
    with tensorflow_log_silenced():
        data = prepare(request, cache_folder(), wanted, before_keras=start)
        if settings.folds is not None:
            prepare_folds(request, data, settings.folds, before_keras=start)
    keep_within(cache_folder(), limit)
    return data


def whole(data: PreparedData, settings: StudySettings) -> PreparedData:
    """`data`, prepared again where its files are gone. Raises: as `prepare_again`."""
    from search.data import folds_are_whole, is_whole

    there = is_whole(data) and (settings.folds is None or folds_are_whole(data, settings.folds))
    return data if there else prepare_again(data.spec, settings)


def prepare_again(then: DataSpec, settings: StudySettings) -> PreparedData:
    """The data of a study that runs, where somebody has emptied the cache meanwhile.

    Raises:
        DataError: it is not to be had as it was.
        CacheUnusable: it cannot be written.
    """
    from search.data import spec_changes

    gone = "the prepared data of the study is gone from the cache, and cannot be prepared again"
    try:
        now = prepare_data(settings, then.version)
    except DataError as error:
        raise DataError(f"{gone}: {error}") from error
    if changes := spec_changes(then, now.spec):
        raise DataError(
            f"{gone}: {settings.data} has changed meanwhile ({'; '.join(changes[:5])}); bring it back"
        )
    return now


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
