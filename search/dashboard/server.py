"""Serve optuna-dashboard over a project's studies, behind the guard.

One process, because the dashboard keeps its cache in one; waitress, because it serves the bundle 7 times faster
than wsgiref, with bounds of our own (`connections.py`). Plain HTTP: on a network that is not trusted, put a proxy
with TLS in front.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from search.dashboard.guard import Guard
from search.errors import InputError
from search.settings.study_name import quote_name
from search.study.links import dashboard_address, study_page
from search.study.renaming import rename_study
from search.study.study_record import all_study_records
from storage import StorageURL, artifact_folder, open_storage

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from optuna.storages import BaseStorage

    from search.dashboard.routes import Rename
    from storage.study_storage import StudyStorage

_FEW_STUDIES = 8


def serve(
    url: StorageURL,
    *,
    host: str,
    port: int,
    token: str | None,
    read_only: bool,
    say: Callable[[str], None],
    rename: Rename = rename_study,
) -> None:
    """Serve the studies at `url` until SIGINT, SIGTERM or SIGHUP.

    Args:
        token: asked of every request. One is made up where there is none.
        read_only: refuse every change.
        say: told the address.
        rename: gives a study another name, wherever that stands.

    Raises:
        InputError: the port is taken, the host is not this machine's, or the token is empty.
        DatabaseUnusable: there is no database at `url`.
    """
    if token is not None and not token.strip():
        raise InputError("--token: is empty; give some text, or leave it out")
    storage = open_storage(url)
    with contextlib.suppress(KeyboardInterrupt), listen(host, port) as listening:
        from search.dashboard.connections import bounded_server

        # It warns whenever a page asks for several things at once.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        asked = token or secrets.token_urlsafe()
        guard = Guard(dashboard_app(storage, url, rename), token=asked, read_only=read_only)
        server = bounded_server(guard, listening)
        address = dashboard_address(_name(host), port)
        # One that the user gave is a secret of theirs, which no terminal shows.
        with_token = f"?token={asked}" if token is None else ""
        say(f"dashboard on {address}{with_token} (Ctrl-C ends it)")
        if token is not None:
            say("log in once by adding ?token=… with the token to that address")
        for line in _pages(storage, address):
            say(line + with_token)
        server.run()


def dashboard_app(storage: StudyStorage, url: StorageURL, rename: Rename = rename_study) -> WSGIApplication:
    """optuna-dashboard over the studies at `url`, with what perceptuna adds to its routes; not guarded.

    Args:
        rename: gives a study another name, wherever that stands.
    """
    from optuna_dashboard import wsgi

    from search.dashboard.large import LargeStudies
    from search.dashboard.page import PageScript
    from search.dashboard.routes import LastingArtifacts, LostFiles, Renaming, StudyPlots, WhileDriven

    app = wsgi(storage, LastingArtifacts(artifact_folder(url), lambda: _other_folders(storage, url)))
    # A plugin is put around what was there before, the last one innermost.
    plugins = (
        PageScript(app),
        LargeStudies(app, storage),
        StudyPlots(storage, url),
        WhileDriven(storage, url),
        Renaming(storage, url, rename),
        LostFiles(),
    )
    for plugin in plugins:
        app.install(plugin)
    return app


def _other_folders(storage: BaseStorage, url: StorageURL) -> list[Path]:
    """Where the studies of a server keep their files."""
    if url.sqlite_path is not None:
        return []
    kept = {one.artifact_folder for one in all_study_records(storage).values()}
    return [artifact_folder(url, one) for one in kept if one]


def _name(host: str) -> str:
    """By which others reach this machine."""
    return socket.gethostname() if host in ("0.0.0.0", "::") else host


def _pages(storage: BaseStorage, address: str) -> list[str]:
    """A line for each study, where they are few."""
    studies = sorted(storage.get_all_studies(), key=lambda study: study._study_id)
    if len(studies) > _FEW_STUDIES:
        return []
    return [f"  {quote_name(study.study_name)}: {study_page(study._study_id, address)}" for study in studies]


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; waitress's own errors do not tell a wrong host from a port that is taken."""
    try:
        return _bound(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            hint = f"choose another, such as --port {_free_port(host, port)}"
            raise InputError(f"--port: {port} is taken; {hint}") from None
        if error.errno == errno.EACCES:
            raise InputError(f"--port: {port} is reserved for the system; choose one above 1023") from None
        raise InputError(
            f"--host: '{host}' is no address of this machine; leave it out, or give 0.0.0.0 for all addresses"
        ) from None


def _bound(host: str, port: int) -> socket.socket:
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return socket.create_server((str(address[0]), port), family=family)


def _free_port(host: str, taken: int) -> int:
    for port in [*range(taken + 1, min(taken + 50, 65536)), 0]:
        with contextlib.suppress(OSError), _bound(host, port) as probe:
            return int(probe.getsockname()[1])
    return 0
