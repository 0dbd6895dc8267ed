"""What a service is made of, for the routes that answer requests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from search.service.answerers import Answerers
from search.service.commands import Commands
from search.service.drivers import Drivers
from search.service.problems import Refused
from search.service.queue import Queue, QueuedStudy
from search.service.readings import Readings
from search.service.remembered import Remembered
from search.service.shown import Shown
from search.service.supervisor import Supervisor
from search.service.uploads import Uploads
from search.service.users import Users
from search.study.seen import SeenStudy
from storage import StorageURL
from storage.study_storage import StudyStorage


@dataclass(frozen=True)
class Service:
    """`data` is the folder that users name files in, None where there is none; `rows` are those of lists."""

    url: StorageURL
    storage: StudyStorage
    queue: Queue
    drivers: Drivers
    supervisor: Supervisor
    users: Users
    uploads: Uploads
    commands: Commands
    answerers: Answerers
    data: Path | None
    rows: Remembered[object]
    readings: Readings

    def study(self, name: str) -> SeenStudy:
        """A study that is in the database, as it is now.

        Raises:
            Refused: it is not there, or waits for its driver to make it.
        """
        found = self.known_study(name)
        if found is None:
            queued = self.queue.find(name)
            if queued is None:
                raise Refused(404, f"no study '{name}'")
            raise Refused(409, f"study '{name}' is {queued.state} and has nothing to show yet")
        return found

    def known_study(self, name: str) -> SeenStudy | None:
        """As it is now, for one request; None before its driver has made it."""
        return self.readings.study(name)

    def shown(self, name: str) -> Shown | None:
        """As it is now, with what is shown of it; None before its driver has made it."""
        return self.readings.shown(name)

    def queued(self, name: str) -> QueuedStudy:
        """A study that was handed in.

        Raises:
            Refused: there is none, or it was started elsewhere.
        """
        queued = self.queue.find(name)
        if queued is None and self.known_study(name) is not None:
            raise Refused(409, f"study '{name}' was started from a shell; the service leaves it alone")
        if queued is None:
            raise Refused(404, f"no study '{name}'")
        return queued
