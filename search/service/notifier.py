"""Notifies who asked for it when a study is over: by a thread of its own, so that nothing waits for it.

What was told is in the queue. Killed between the two, the next service tells it once more, rather than never.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from search.driving.webhook import Webhook
from search.errors import InputError
from search.service.queue import Queue, QueuedStudy
from search.service.states import OVER
from search.study.study import find_study
from storage import StorageURL
from storage.errors import translate
from storage.study_storage import StudyStorage

_SECONDS = 2.0


class Notifier:
    """Of one database's queue.

    Args:
        private: whether addresses of this machine and of private networks are told.
        say: hears what could not be delivered.
    """

    def __init__(
        self,
        url: StorageURL,
        storage: StudyStorage,
        queue: Queue,
        say: Callable[[str], None],
        *,
        private: bool,
    ) -> None:
        self._url = url
        self._storage = storage
        self._queue = queue
        self._say = say
        self._private = private

    def run(self, ended: threading.Event) -> None:
        """Look, again and again, until `ended`. A fault is told once, and the next look may find it gone.

        (A study may be deleted while it is looked at, which is no bug.)
        """
        told = ""
        while not ended.wait(_SECONDS):
            try:
                self.look(ended)
                told = ""
            except Exception as error:
                fault = str(translate(error) or repr(error))
                if fault != told:
                    self._say(f"nobody is notified of studies: {fault}; trying again")
                told = fault

    def look(self, ended: threading.Event) -> None:
        """Tell of each study that is over and was not told of."""
        for study in self._queue.to_be_notified(OVER):
            if ended.is_set():
                return
            if (why := self._post(study, ended)) is not None:
                self._say(f"study '{study.study}': {why}")
            self._queue.change(study.study, {"notified": study.ended})

    def _post(self, study: QueuedStudy, ended: threading.Event) -> str | None:
        try:
            webhook = Webhook.parse(study.notify or "", private=self._private)
        except InputError as error:
            return str(error)

        def sleep(seconds: float) -> None:
            ended.wait(seconds)

        return webhook.post(self._facts(study), sleep)

    def _facts(self, study: QueuedStudy) -> dict[str, Any]:
        loaded = find_study(study.study, self._url, self._storage)
        # Of the trainings of a job a single one tells nothing.
        best = loaded.best_trial() if loaded is not None and study.job is None else None
        about = {} if study.job is None else {"job": study.job.command, "about": study.job.about}
        return {
            "event": "study_ended",
            "study": study.study,
            **about,
            "ending": study.state.value,
            "reason": study.reason,
            "metric": loaded.record.known_metric if loaded is not None else None,
            "best": best.value if best else None,
            "best_trial": best.number if best else None,
            "finished": len(loaded.finished()) if loaded is not None else 0,
            "budget": study.trials,
        }
