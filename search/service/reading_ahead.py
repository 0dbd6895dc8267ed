"""Finds out what is shown of studies at which nothing happens before anybody asks, in a process behind all others.

    python -m search.service.reading_ahead      ($PERCEPTUNA_STORAGE says of which database)

A service that starts over studies that nobody has looked at yet would take a third of a second for the first look at
each one of a thousand trials. What was found out is kept in files, so this is done once for each study.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from search.errors import PerceptunaError
from search.service.folders import answers_folder
from search.service.readings import Readings
from search.study.study_record import search_names
from storage import StorageError, StorageURL, open_storage
from storage.own_tables import in_one_transaction
from storage.study_storage import StudyStorage

_BEHIND_ALL = 19
_SECONDS = 5.0


@contextmanager
def reading_ahead(url: StorageURL, storage: StudyStorage) -> Iterator[None]:
    """The process, if there is a study; it ends by itself, or with this."""
    if not in_one_transaction(storage, search_names):
        yield
        return
    with subprocess.Popen(
        [sys.executable, "-P", "-m", __name__],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PERCEPTUNA_STORAGE": url.full},
        # Ctrl-C is the service's to heed.
        start_new_session=True,
    ) as process:
        try:
            yield
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_SECONDS)
            process.kill()


def read_ahead(url: StorageURL, folder: Path, alone: int | None = None) -> int:
    """Find out what is not kept in `folder` yet, the newest study first; of how many studies it was looked at.

    Args:
        alone: the process that this is done for; it ends with that.
    """
    storage = open_storage(url)
    readings, looked = Readings(url, storage, folder, most=0), 0
    readings.remove_gone()
    for name in reversed(in_one_transaction(storage, search_names)):
        if alone is not None and os.getppid() != alone:
            break
        # One that cannot be read is told of by who looks at it.
        with suppress(PerceptunaError, StorageError, KeyError, ValueError):
            shown = readings.shown(name)
            if shown is not None and shown.rests:
                shown.find_all()
                looked += 1
    return looked


def main() -> None:
    os.nice(_BEHIND_ALL)
    url = StorageURL.parse(os.environ["PERCEPTUNA_STORAGE"])
    read_ahead(url, answers_folder(url), os.getppid())


if __name__ == "__main__":
    main()
