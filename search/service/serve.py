"""Serve a database's studies to a team: API and page in one process, with the supervisor in a thread of it.

Plain HTTP: on a network that is not trusted, put a proxy with TLS in front.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn

from search.dashboard.server import listen
from search.errors import InputError
from search.service.answerers import Answerers
from search.service.application import application
from search.service.commands import Commands
from search.service.drivers import Drivers
from search.service.folders import answers_folder, private_folder, service_folder
from search.service.listing import good_for
from search.service.logs import LogFormat, uvicorn_logs
from search.service.notifier import Notifier
from search.service.queue import Queue
from search.service.reading_ahead import reading_ahead
from search.service.readings import Readings
from search.service.remembered import Remembered
from search.service.service import Service
from search.service.states import DRIVEN
from search.service.supervisor import Supervisor
from search.service.uploads import Uploads
from search.service.users import Users, kept_tokens
from storage import StorageURL, StudyBusy, StudyLock, open_storage, study_lock
from storage.study_storage import StudyStorage
from storage.tables import are_unmade

# No study has this name: one service for each database.
_LOCK = ".service"
_END_SECONDS = 60.0
_MOST_CONNECTIONS = 500


def serve(
    url: StorageURL,
    *,
    host: str,
    port: int,
    slots: int,
    data: Path | None,
    largest_upload: int,
    say: Callable[[str], None],
    warm: bool = True,
    module: str = "search",
    waiting: str = "search.waiting",
    notify_private: bool = False,
    log_format: LogFormat = "text",
) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP; then drivers end at their next epoch, and go on with the next service.

    Args:
        slots: trials at the same time, of all studies together.
        data: the folder of data that users name files in.
        largest_upload: bytes.
        say: told the address, and what an operator should know.
        warm: whether a driver with a worker is started before there is a study for it.
        module: what drivers run.
        waiting: what a driver runs that is started before.
        notify_private: whether studies may notify addresses of this machine and of private networks.
        log_format: of what requests and bugs are logged in; `say` has a form of its own.

    Raises:
        InputError: the port is taken, the host is not this machine's, others could reach it and nobody has a token, or
            the folder of data is none.
        DatabaseUnusable, StudyBusy: the database cannot be used, or has a service.
    """
    # What this process starts uses the database, and asks no service: that could be this one.
    os.environ.pop("PERCEPTUNA_SERVICE", None)
    _check_folder(data, url)
    _check_reach(host, url)
    with listen(host, port) as listening:
        storage = open_storage(url, create=True)
        with _alone(url) as lock:
            drivers = Drivers(url, private_folder(service_folder(url)), module, waiting if warm else None)
            service = _made(url, storage, lock, drivers, slots, data, largest_upload, say)
            token = None if service.users.tokens() else service.users.make_up()
            address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
            say(f"service on {address}{f'?token={token}' if token else ''} (Ctrl-C ends it)")
            server = uvicorn.Server(_configuration(service, log_format))
            notifier = Notifier(url, storage, service.queue, say, private=notify_private)
            with (
                contextlib.closing(service.answerers),
                _notifying(notifier),
                reading_ahead(url, storage),
                _looking_after(service, server, say),
                contextlib.suppress(KeyboardInterrupt),
            ):
                server.run(sockets=[listening])


def _check_folder(data: Path | None, url: StorageURL) -> None:
    if data is None:
        return
    if not data.is_dir():
        raise InputError(f"--data: expected a folder, but got '{data}'")
    if service_folder(url).resolve().is_relative_to(data.resolve()):
        raise InputError(
            f"--data: {data} holds the service's own files and everybody's uploads; name a folder for data alone"
        )


def _check_reach(host: str, url: StorageURL) -> None:
    """Raises InputError where others reach the service and nobody has a token."""
    if not _is_loopback(host) and (are_unmade(url) or not kept_tokens(open_storage(url))):
        raise InputError(
            f"--host: others reach {host}, and nobody has a token; make one by `perceptuna service token add "
            f"NAME{url.option}`"
        )


def _made(
    url: StorageURL,
    storage: StudyStorage,
    lock: StudyLock,
    drivers: Drivers,
    slots: int,
    data: Path | None,
    largest_upload: int,
    say: Callable[[str], None],
) -> Service:
    """All that the service consists of, its tables and folders made; the caller holds the `lock`."""
    queue = Queue(storage)
    uploads = Uploads(service_folder(url) / "uploads", largest_upload)
    uploads.remove_partial()
    return Service(
        url=url,
        storage=storage,
        queue=queue,
        drivers=drivers,
        supervisor=Supervisor(url, storage, queue, drivers, slots, say, ensure_held=lock.ensure_held),
        users=Users(storage),
        uploads=uploads,
        commands=Commands(url),
        answerers=Answerers(url),
        data=None if data is None else data.resolve(),
        rows=Remembered(good_for),
        readings=Readings(url, storage, answers_folder(url)),
    )


def _configuration(service: Service, log_format: LogFormat) -> uvicorn.Config:
    return uvicorn.Config(
        application(service),
        **uvicorn_logs(log_format),
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=3,
        ws="none",
        lifespan="off",
    )


@contextlib.contextmanager
def _looking_after(service: Service, server: uvicorn.Server, say: Callable[[str], None]) -> Iterator[None]:
    """The supervisor in a thread, without which there is no service; at the end drivers are asked to end."""
    ended = threading.Event()
    failed: list[BaseException] = []

    def look_after() -> None:
        try:
            service.supervisor.run(ended)
        except BaseException as error:
            failed.append(error)
            server.should_exit = True

    thread = threading.Thread(target=look_after, name="supervisor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        service.supervisor.wake()
        thread.join(_END_SECONDS)
        if driven := [one.study for one in service.queue.in_states(*DRIVEN)]:
            say("studies end at their next epoch, and go on when the service is started again …")
        service.drivers.end(driven, _END_SECONDS)
    if failed:
        raise failed[0]


@contextlib.contextmanager
def _notifying(notifier: Notifier) -> Iterator[None]:
    """The notifier in a thread, which is not waited for: what it tells right now, the next service tells again."""
    ended = threading.Event()
    threading.Thread(target=notifier.run, args=(ended,), name="notifier", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


@contextlib.contextmanager
def _alone(url: StorageURL) -> Iterator[StudyLock]:
    """The lock of the database's one service."""
    lock = study_lock(url, _LOCK)
    try:
        lock.acquire()
    except StudyBusy:
        raise StudyBusy(
            f"another service has this database ({lock.holder() or 'its process is not known'}); end that one first"
        ) from None
    try:
        yield lock
    finally:
        lock.release()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
