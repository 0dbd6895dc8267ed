"""Gives a study of the queue another name: its row, the rows of its jobs, the studies themselves, their folders.

Killed between two of these, the same request goes on with what is left.
"""

from __future__ import annotations

from pathlib import Path

from search.errors import InputError
from search.service.jobs import refuse_long
from search.service.queue import Queue
from search.service.states import OVER, State
from search.service.wishes import NotNow
from search.settings.study_name import check_study_name
from search.study.renaming import rename_study
from search.study.study import Study, find_study
from storage import StorageError, StorageURL
from storage.study_storage import StudyStorage


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
    study = find_study(name, url, storage)
    row, there = queue.find(name), queue.find(new)
    if row is not None and row.job is not None:
        raise InputError(f"'{name}' is about study '{row.job.about}' and named after it; rename that one")
    left = row is None and study is not None and there is not None and find_study(new, url, storage) is None
    if there is not None and not left:
        raise InputError(f"there is a study '{new}' already; choose another name")
    if row is not None and row.state not in (*OVER, State.PAUSED):
        raise NotNow(f"study '{name}' is {row.state}; stop it first")
    now = new if left else name
    jobs = queue.about(now)
    if at_work := [one for one in jobs if one.state not in OVER]:
        raise NotNow(f"'{at_work[0].study}' is {at_work[0].state}; cancel that first")
    ends = ["", *(job.study.removeprefix(now) for job in jobs)]
    names = {name + end: new + end for end in ends}
    for one in names.values():
        refuse_long(one)
    if not left and not queue.rename(names, [*OVER, State.PAUSED]):
        raise NotNow(f"study '{name}' changes its state right now; ask again")
    try:
        names |= _renamed(study, new)
    except (InputError, StorageError):
        queue.rename({after: before for before, after in names.items()}, list(State))
        raise
    for before, after in names.items():
        if (folder / before).is_dir() and not (folder / after).exists():
            (folder / before).rename(folder / after)
    return names


def _renamed(study: Study | None, new: str) -> dict[str, str]:
    """Nothing before its driver has made it."""
    return {} if study is None else rename_study(study, new)
