"""The queue from a shell: whoever may write the database asks as an admin does."""

from __future__ import annotations

import json
from typing import Any

from search.errors import InputError
from search.service.folders import service_folder
from search.service.queue import Queue, QueuedStudy, has_queue
from search.service.renaming import rename_queued
from search.service.states import OVER, State
from search.service.users import LOCAL
from search.service.wishes import wish
from search.study.creation import refuse_half_made
from search.study.renaming import rename_study
from search.study.study import Study, find_study, load_study
from storage import StorageURL, open_storage
from storage.study_storage import StudyStorage


def queue_rows(url: StorageURL) -> list[dict[str, Any]]:
    """What was handed in, in that order. Reads only."""
    storage = open_storage(url)
    if not has_queue(storage):
        return []
    rows = []
    for one in Queue(storage).all():
        study = find_study(one.study, url, storage)
        finished = 0 if study is None else len(study.finished())
        rows.append(
            {
                "study": one.study,
                "state": one.state.value,
                "owner": one.owner,
                "priority": one.priority,
                "slots": one.slots,
                "trials": f"{finished}/{one.trials}",
                "note": one.note,
                "reason": one.reason,
            }
        )
    return rows


def ask_study(url: StorageURL, name: str, verb: str) -> None:
    """Pause, stop or cancel.

    Raises:
        InputError: the service has no such study, or it is in no state for that.
    """
    storage = open_storage(url)
    queue = Queue(storage) if has_queue(storage) else None
    if queue is None or queue.find(name) is None:
        raise InputError(
            f"study '{name}' was never handed in to a service, so there is nothing to {verb}; one that runs in a shell "
            f"is stopped by `perceptuna stop {name}{url.option}`"
        )
    wish(queue, name, verb, find_study(name, url, storage))


class ServicesStudies:
    """Which studies of a database a service is going to run, for who asks again and again."""

    def __init__(self, storage: StudyStorage) -> None:
        self._storage = storage
        self._queue: Queue | None = None

    def is_to_run(self, name: str) -> bool:
        """Whether a service drives a study of that name, or is going to when it is its turn."""
        if self._queue is None and has_queue(self._storage):
            self._queue = Queue(self._storage)  # which sees to its table
        found = None if self._queue is None else self._queue.find(name)
        return found is not None and found.state not in OVER and found.state is not State.PAUSED


def rename_here(study: Study, new: str) -> dict[str, str]:
    """`perceptuna rename`, of a study that a service may know. Raises: as `rename_queued`."""
    storage = study.storage
    if not has_queue(storage):
        return rename_study(study, new)
    folder = service_folder(study.url) / "studies"
    return rename_queued(study.url, storage, Queue(storage), folder, study.name, new)


def queue_study(url: StorageURL, name: str) -> None:
    """Have the service go on with a study, also with one that a shell began.

    Raises:
        InputError: there is none, or it has its budget.
    """
    storage = open_storage(url)
    if has_queue(storage) and Queue(storage).find(name) is not None:
        wish(Queue(storage), name, "resume", find_study(name, url, storage))
        return
    study = load_study(name, url, storage)
    study.refuse_foreign()
    refuse_half_made(study)
    if study.companion_of is not None:
        raise InputError(
            f"study '{name}' is about study '{study.companion_of}'; go on with it by `{study.go_on}`"
        )
    finished, settings = len(study.finished()), study.settings
    if finished >= settings.trials:
        raise InputError(
            f"study '{name}' has {finished} finished trials of {settings.trials}, so nothing is left to do; raise the "
            f"budget: `perceptuna resume {name} --add 20{url.option}`"
        )
    Queue(storage).add(
        QueuedStudy(name, LOCAL, json.dumps({"data": settings.data}), settings.trials, settings.workers)
    )
