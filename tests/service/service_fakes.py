"""A service without processes: a real database and real HTTP, drivers that only pretend, and who asks."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from digits_spec import digits_spec
from optuna.distributions import FloatDistribution
from optuna.trial import create_trial

from search.conclusion.ablation.record import Ablation, write_ablation
from search.conclusion.confirmation.record import Conclusion, Standing, write_conclusion
from search.service.answerers import Answerers
from search.service.application import application
from search.service.commands import Commands
from search.service.drivers import Drivers, Ended
from search.service.listing import good_for
from search.service.queue import Queue
from search.service.readings import Readings
from search.service.remembered import Remembered
from search.service.service import Service
from search.service.supervisor import Supervisor
from search.service.uploads import Uploads
from search.service.users import Users
from search.settings.settings import StudySettings
from search.study.creation import create_study
from search.study.look import Look
from search.study.study import Study
from spaces import Space
from spaces.parameters import Float
from storage import StorageURL, open_storage


class PretendedDrivers(Drivers):
    """Starts nothing: a test says when a driver ends, and how."""

    def __init__(self, url: StorageURL, folder: Path) -> None:
        super().__init__(url, folder)
        self.running: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self.ends: dict[str, Ended] = {}
        self.ours = True

    def start(self, study: str, words: Sequence[str], slots: int) -> bool:
        self.running[study] = list(words)
        return True

    def lives(self, study: str) -> bool:
        return study in self.running

    def ask_to_end(self, study: str) -> bool:
        if self.ours:
            self.asked.append(study)
        return self.ours

    def ended(self, study: str) -> Ended:
        return self.ends.pop(study, Ended(None, None, 0, "", 0.0))

    def end(
        self, study: str, code: int | None = 0, ending: str | None = None, trials: int = 0, said: str = ""
    ) -> None:
        """The driver of `study` is gone."""
        del self.running[study]
        self.ends[study] = Ended(code, ending, trials, said, time.time())


def made_service(folder: Path, *, slots: int = 2, data: Path | None = None, largest: int = 10_000) -> Service:
    """A service over a database of its own in `folder`."""
    url = StorageURL.parse(str(folder / "studies.db"))
    storage = open_storage(url, create=True)
    queue, drivers = Queue(storage), PretendedDrivers(url, folder / "service")
    return Service(
        url=url,
        storage=storage,
        queue=queue,
        drivers=drivers,
        supervisor=Supervisor(url, storage, queue, drivers, slots),
        users=Users(storage),
        uploads=Uploads(folder / "service" / "uploads", largest),
        commands=Commands(url),
        answerers=Answerers(url),
        data=data,
        rows=Remembered(good_for),
        readings=Readings(url, storage, folder / "service" / "answers"),
    )


@dataclass(frozen=True)
class Answer:
    """What a request was answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Asker:
    """Asks a service on a port of this machine by a token."""

    port: int
    token: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(
        self, method: str, path: str, given: Any = None, body: bytes | None = None, **headers: str
    ) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()} | self.headers
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        if given is not None:
            body, sent["Content-Type"] = json.dumps(given).encode(), "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            connection.request(method, path if path.startswith("/") else f"/api/v1/{path}", body, sent)
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, names, answer.read())
        finally:
            connection.close()

    def done(self, method: str, path: str, given: Any = None, **more: Any) -> Any:
        """The JSON of a request that succeeds."""
        answer = self(method, path, given, **more)
        assert answer.status in (200, 201), answer.text
        return answer.json

    def refused(self, status: int, method: str, path: str, given: Any = None, **more: Any) -> str:
        """The detail of a request that is refused with `status`."""
        answer = self(method, path, given, **more)
        assert answer.status == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json["status"] == status
        return str(answer.json["detail"])


@dataclass(frozen=True)
class Team:
    """A service and who asks it: an admin, two users, a viewer, and somebody without a token."""

    service: Service
    admin: Asker
    anna: Asker
    ben: Asker
    viewer: Asker
    stranger: Asker

    @property
    def drivers(self) -> PretendedDrivers:
        assert isinstance(self.service.drivers, PretendedDrivers)
        return self.service.drivers


@contextmanager
def listening(service: Service) -> Iterator[int]:
    """The port of this machine on which `service` answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(application(service), log_level="warning", lifespan="off", access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()


def made_study(service: Service, name: str, values: Sequence[float], **settings: Any) -> Study:
    """A study as `run` leaves it, with a complete trial for each of `values`, but without training anything."""
    chosen = StudySettings.model_validate({"data": "digits", "trials": len(values), **settings})
    space = Space(parameters={"learning_rate": Float(low=1e-4, high=1e-1, log=True)})
    study = create_study(name, service.url, chosen, space, digits_spec())
    rate = {"learning_rate": FloatDistribution(1e-4, 1e-1, log=True)}
    for value in values:
        attributes = {"best_epoch": 1, "epochs": 2, "seconds": 1.0, "parameters": 10, "val_accuracy": value}
        study.optuna.add_trial(
            create_trial(
                value=value, params={"learning_rate": 1e-2}, distributions=rate, user_attrs=attributes
            )
        )
    return study


def finalized(study: Study) -> None:
    """As it is after `finalize`, without training anything."""
    standing = Standing(
        trial=1, what="", parameters=1, search=0.95, values={}, mean=0.9, deviation=None, interval=None
    )
    look = Look(
        date="2026-01-01T00:00:00+00:00",
        by="anna@here",
        study=study.name,
        identity=study.identity,
        trial=1,
        companion=f"{study.name}.finalize",
        companion_identity="x",
        trained=0,
        rows=360,
        value=0.91,
    )
    write_conclusion(
        study,
        Conclusion(
            metric="val_accuracy",
            direction="maximize",
            seeds=[1, 2],
            standings=[standing],
            dropped={},
            by_rows=False,
            leader=1,
            winner=1,
            companion=f"{study.name}.finalize",
            final_trial=0,
            final_validation=0.9,
            test=look,
            cost_of_search=0.0,
            cost_of_validation=0.0,
            searched=2,
        ),
    )


def ablated(study: Study) -> None:
    """As it is after `ablate` around trial 1, without training anything."""
    write_ablation(
        study,
        Ablation(
            study=study.name,
            companion=f"{study.name}.ablate-1",
            trial=1,
            what="",
            metric="val_accuracy",
            direction="maximize",
            epochs=2,
            patience=2,
            seeds=[1, 2],
            search=0.95,
            values={1: 0.9, 2: 0.92},
            mean=0.91,
            interval=None,
            parameters=10,
            seconds=1.0,
            effects=[],
        ),
    )


def handed_in(name: str, **settings: object) -> dict[str, object]:
    """What a user sends to hand a study in."""
    return {"study": name, "settings": {"data": "digits", "trials": 5, **settings}}
