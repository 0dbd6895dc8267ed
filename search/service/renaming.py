"""Gives a study of the queue another name: its row, the rows of its jobs, the studies themselves, their folders.

Rows and studies change in one transaction, and folders within it. Killed before its end, the same request does it anew.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from search.errors import InputError
from search.service.jobs import refuse_long
from search.service.queue import Queue, RowsChanged
from search.service.states import OVER, State
from search.service.wishes import NotNow
from search.settings.study_name import check_study_name
from search.study.renaming import rename_study
from search.study.study import find_study
from storage import StorageURL
from storage.own_tables import in_one_transaction
from storage.study_storage import StudyStorage

_RESTING = (*OVER, State.PAUSED)


def rename_queued(
    url: StorageURL, storage: StudyStorage, queue: Queue, folder: Path, name: str, new: str
) -> dict[str, str]:
    """Call study `name` `new`, and what is about it after it; the new name of each by its old one.

    Args:
        folder: of the service's studies.

    Raises:
        InputError: `new` is no name, or taken; or the study is a job's.
        NotNow: it does not rest, or something is concluded from it right now.
        StudyBusy: it is driven from a shell.
    """
    check_study_name(new)
    row = queue.find(name)
    if row is not None and row.job is not None:
        raise InputError(f"'{name}' is about study '{row.job.about}' and named after it; rename that one")
    if row is not None and row.state not in _RESTING:
        raise NotNow(f"study '{name}' is {row.state}; stop it first")
    jobs = queue.about(name)
    if at_work := [one for one in jobs if one.state not in OVER]:
        raise NotNow(f"'{at_work[0].study}' is {at_work[0].state}; cancel that first")
    names = {one: new + one.removeprefix(name) for one in (name, *(job.study for job in jobs))}
    for one in names.values():
        refuse_long(one)
        # Also where the study of this row is not made yet: it would be another's that the row is of.
        if queue.find(one) is not None or find_study(one, url, storage) is not None:
            raise InputError(f"there is a study '{one}' already; choose another name")
    moved: list[tuple[Path, Path]] = []

    def along(connection: Connection) -> None:
        queue.rename(connection, names, _RESTING)
        for before, after in ((folder / old, folder / one) for old, one in names.items()):
            if before.is_dir() and not after.exists():
                before.rename(after)
                moved.append((before, after))

    study = find_study(name, url, storage)
    try:
        if study is not None:
            return names | rename_study(study, new, along)
        in_one_transaction(storage, along)  # its driver has not made it
    except Exception as error:
        for before, after in moved:
            after.rename(before)
        if isinstance(error, RowsChanged | IntegrityError):
            raise NotNow(f"study '{name}' changes its state right now; ask again") from None
        raise
    return names
