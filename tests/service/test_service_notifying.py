"""Who wants to hear that a study is over hears it, from a service and from a command: by real HTTP on this machine."""

from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from service_fakes import made_service, made_study

from search.driving.after_end import AfterEnd
from search.driving.progress import Progress
from search.driving.webhook import Webhook, _Undelivered
from search.errors import InputError
from search.service.jobs import Job
from search.service.notifier import Notifier
from search.service.queue import QueuedStudy
from search.service.states import State

ROOT = Path(__file__).parents[2]


@dataclass
class Receiver:
    """Somebody's server: what it was sent, and what it answers next."""

    port: int = 0
    heard: list[dict[str, Any]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?key=secret"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.heard.append({"path": self.path, "host": self.headers["Host"], **json.loads(body)})
            self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()


def test_a_webhook_is_tried_again_where_that_may_help(receiver: Receiver) -> None:
    webhook, waited = Webhook.parse(receiver.url), list[float]()
    receiver.answers = [500, 429]
    assert webhook.post({"a": 1}, waited.append) is None
    assert waited == [2.0, 4.0]
    assert receiver.heard[0] == {"path": "/hook?key=secret", "host": f"127.0.0.1:{receiver.port}", "a": 1}
    receiver.answers = [503] * 3
    assert webhook.post({}, waited.append) == "127.0.0.1 was not notified: it answered 503"
    for status in (404, 302):  # nothing is followed to another address
        receiver.heard.clear()
        receiver.answers = [status]
        assert webhook.post({}, waited.append) == f"127.0.0.1 was not notified: it answered {status}"
        assert len(receiver.heard) == 1


def test_who_does_not_answer_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        webhook = Webhook.parse(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        assert (
            webhook.post({}, lambda seconds: None, 0.1) == "127.0.0.1 was not notified: no answer within 0 s"
        )
    told = webhook.post({}, lambda seconds: None, 0.1)
    assert told is not None
    assert "refused" in told


def test_who_answers_a_sign_at_a_time_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as slow:

        def answer() -> None:
            connection, _ = slow.accept()
            with connection, suppress(OSError):
                for _ in range(40):
                    connection.sendall(b"H")
                    time.sleep(0.05)

        thread = threading.Thread(target=answer)
        thread.start()
        webhook = Webhook.parse(f"http://127.0.0.1:{slow.getsockname()[1]}/")
        with pytest.raises(_Undelivered, match="no answer within"):
            webhook._post(b"{}", 0.3)
        thread.join()


def test_a_study_that_is_deleted_meanwhile_ends_no_notifier(tmp_path: Path) -> None:
    service, said, ended = made_service(tmp_path), list[str](), threading.Event()
    notifier = Notifier(service.url, service.storage, service.queue, said.append, private=True)
    looks: list[int] = []

    def look(_: threading.Event) -> None:
        looks.append(1)
        if len(looks) == 3:
            ended.set()
        else:
            raise KeyError("no such study")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(notifier, "look", look)
        patched.setattr("search.service.notifier._SECONDS", 0.0)
        notifier.run(ended)
    assert said == ["nobody is notified of studies: KeyError('no such study'); trying again"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host/hook",
        "ftp://host/",
        "file:///etc/passwd",
        "http://",
        "http://a b/",
        "http://h:no/",
        "http://h/ü",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="--notify-url"):
        Webhook.parse(url)
    with pytest.raises(InputError) as refused:
        Webhook.parse("http://user:hidden@host/")
    assert "hidden" not in str(refused.value) + repr(Webhook.parse("http://host/hidden"))
    for wrong in ("h.example/hidden", "//u:hidden@host/"):
        with pytest.raises(InputError) as refused:
            Webhook.parse(wrong)
        assert "hidden" not in str(refused.value)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0",
    ],
)
def test_a_private_address_is_refused_where_users_name_it(host: str) -> None:
    told = Webhook.parse(f"http://{host}:9/", private=False).post(
        {}, lambda seconds: pytest.fail("tried again")
    )
    assert told is not None
    assert "private network" in told


def test_a_service_tells_of_each_end_once(tmp_path: Path, receiver: Receiver) -> None:
    service, said = made_service(tmp_path), list[str]()
    made_study(service, "one", [0.5, 0.75])
    queued = QueuedStudy("one", "anna", "{}", 2, state=State.RUNNING, notify=receiver.url)
    assert service.queue.add(queued)
    notifier = Notifier(service.url, service.storage, service.queue, said.append, private=True)
    notifier.look(threading.Event())
    assert receiver.heard == []
    service.queue.move("one", [State.RUNNING], State.FINISHED, ended=1000.0)
    notifier.look(threading.Event())
    notifier.look(threading.Event())
    (told,) = receiver.heard
    assert (told["study"], told["ending"], told["best"], told["best_trial"]) == ("one", "finished", 0.75, 1)
    service.queue.move("one", [State.FINISHED], State.STOPPED, ended=2000.0)
    Notifier(service.url, service.storage, service.queue, said.append, private=False).look(threading.Event())
    assert len(receiver.heard) == 1
    assert "study 'one': 127.0.0.1 was not notified: it is on this machine" in said[0]
    assert "secret" not in said[0]


def test_a_service_tells_of_the_end_of_a_job(tmp_path: Path, receiver: Receiver) -> None:
    service, job = (
        made_service(tmp_path),
        Job(command="ablate", about="one", options={"trial": 0, "seeds": 2}),
    )
    made_study(service, job.name, [0.5, 0.75])
    ended = {"state": State.FINISHED, "ended": 1000.0, "notify": receiver.url}
    assert service.queue.add(QueuedStudy(job.name, "anna", "{}", 2, job=job, **ended))  # type: ignore[arg-type]
    Notifier(service.url, service.storage, service.queue, print, private=True).look(threading.Event())
    (told,) = receiver.heard
    assert (told["study"], told["job"], told["about"]) == ("one.ablate-0", "ablate", "one")
    # Its trainings differ in their seeds, so the best of them tells nothing.
    assert (told["finished"], told["budget"], told["best"], told["best_trial"]) == (2, 2, None, None)


def test_a_command_runs_when_the_study_has_ended(tmp_path: Path, receiver: Receiver) -> None:
    service, said = made_service(tmp_path), list[str]()
    study = made_study(service, "one", [0.5])
    told = tmp_path / "told"
    command = (
        f'echo "$PERCEPTUNA_STUDY $PERCEPTUNA_ENDING $PERCEPTUNA_BEST $PERCEPTUNA_STORAGE" > {told}; exit 3'
    )
    with AfterEnd(receiver.url, command, said.append) as at_end:
        progress = Progress.of(study)
        at_end.opened(study, progress)
        at_end.ended(progress, "timeout")
        at_end.closed(progress)
        assert not told.exists()  # the study is still held
    assert told.read_text() == f"one timeout 0.5 {service.url.full}\n"
    assert said == ["--on-end: the command ended with exit code 3"]
    assert [one["ending"] for one in receiver.heard] == ["timeout"]
    at_end = AfterEnd(receiver.url, None, said.append)
    at_end.closed(progress)
    with pytest.raises(ValueError, match="bug"), at_end:
        raise ValueError("bug")
    assert receiver.heard[-1]["ending"] == "failed"
    with AfterEnd(receiver.url, command, said.append):
        pass  # refused before anything ran
    assert len(receiver.heard) == 2


def test_a_command_and_an_address_hear_of_a_run(tmp_path: Path, receiver: Receiver) -> None:
    """A real driver, whose trials cost nothing."""
    words = [
        sys.executable,
        "-m",
        "benchmarks.soak_driver",
        "run",
        "one",
        "--data",
        "digits",
        "--trials",
        "2",
    ]
    words += [
        "--space",
        "small",
        "--sampler",
        "random",
        "--epochs",
        "2",
        "--storage",
        str(tmp_path / "one.db"),
    ]
    environment = {**os.environ, "PERCEPTUNA_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*words, *more], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240
        )

    refused = run("--notify-url", "host/hook")
    assert refused.returncode == 2
    assert refused.stderr.startswith("perceptuna: --notify-url: expected an address")
    assert list(tmp_path.glob("*.db")) == []
    done = run("--notify-url", receiver.url, "--on-end", 'echo "$PERCEPTUNA_STUDY $PERCEPTUNA_ENDING" > told')
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "told").read_text() == "one budget\n"
    (heard,) = receiver.heard
    assert (heard["study"], heard["ending"], heard["finished"]) == ("one", "budget", 2)
