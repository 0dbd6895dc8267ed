"""optuna-dashboard over a project's studies, behind a guard: on its own it has no login and obeys any web page.

One process, because the dashboard keeps its cache in one; waitress, because it serves the bundle 7 times faster
than wsgiref. Plain HTTP: on a network that is not trusted, put a proxy with TLS in front.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import hmac
import ipaddress
import json
import logging
import secrets
import signal
import socket
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from search.errors import InputError
from storage import StorageURL, artifact_folder, open_storage

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# optuna-dashboard 0.21 changes nothing on these; a test calls all of its routes to see that.
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    # The dashboard's pages bring a policy of their own. For all else: an HTML or SVG artifact, opened by itself,
    # must not run scripts that act as this dashboard.
    ("Content-Security-Policy", "sandbox"),
]


def serve(
    url: StorageURL, *, host: str, port: int, token: str | None, read_only: bool, say: Callable[[str], None]
) -> None:
    """Serve the studies at `url` until SIGINT or SIGTERM.

    Args:
        token: asked of every request. One is made up where there is none and `host` is not loopback.
        read_only: refuse every change.
        say: told the address.

    Raises:
        InputError: the port is taken, the host is not this machine's, or the token is empty.
        DatabaseUnusable: there is no database at `url`.
    """
    if token is not None and not token.strip():
        raise InputError("--token: is empty; give some text, or leave it out")
    storage = open_storage(url)
    with contextlib.suppress(KeyboardInterrupt), _listen(host, port) as listening:
        # Ctrl-C as well: a shell starts what it puts into the background with SIGINT ignored.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        from optuna.artifacts import FileSystemArtifactStore
        from optuna_dashboard import wsgi
        from waitress import create_server

        # It warns whenever a page asks for several things at once.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        made_up = secrets.token_urlsafe() if token is None and not is_loopback(host) else None
        # This store opens its folder only when asked for a file: none is made by looking, a later one is found.
        app = wsgi(storage, FileSystemArtifactStore(artifact_folder(url)))
        guard = Guard(app, token=token or made_up, read_only=read_only)
        server = create_server(guard, sockets=[listening], ident=None)
        say(f"dashboard on {_address(host, port)}{f'?token={made_up}' if made_up else ''} (Ctrl-C ends it)")
        if token is not None:
            say("log in once by adding ?token=… with the token to that address")
        server.run()


class Guard:
    """WSGI middleware that lets through what the dashboard's owner asked for, and nothing else.

    - With a token, every request needs it: as `Authorization: Bearer`, or as the cookie that `?token=` sets.
    - Without one, the Host header must name this machine. A site whose name is rebound to 127.0.0.1 would
      otherwise count as this dashboard's own pages. The port is not looked at: rebinding happens to names, and
      behind `ssh -L` the port is another. With a token any name will do (a proxy's, a machine's): the cookie
      belongs to the name under which one logged in, so a rebound name comes without it.
    - Changes are refused to other sites' pages, and to everyone when `read_only`.
    """

    def __init__(self, app: WSGIApplication, *, token: str | None, read_only: bool) -> None:
        self._app = app
        self._token = token
        self._read_only = read_only
        # What a browser keeps is not the token. All ports of a machine share their cookies: a name per token
        # lets two dashboards be open at once.
        digest = hashlib.sha256(f"perceptuna dashboard {token}".encode()).hexdigest()
        self._cookie_name, self._cookie = f"perceptuna-{digest[:8]}", digest[8:]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start = _hardened(start_response)
        reply = self._reply(environ)
        if reply is None:
            return self._app(environ, start)
        body = reply.text.encode()
        start(reply.status, [*reply.headers, ("Content-Length", str(len(body)))])
        return [body]

    def _reply(self, environ: WSGIEnvironment) -> _Reply | None:
        """The guard's own answer, or None where the dashboard shall answer."""
        method = environ["REQUEST_METHOD"]
        if self._token is None:
            if not is_loopback(_name(environ.get("HTTP_HOST", ""))):
                return _text("403 Forbidden", "Open this dashboard as http://localhost or http://127.0.0.1.")
        elif method == "GET" and self._is_token(dict(_query(environ)).get("token", "").encode()):
            return self._log_in(environ)
        elif not (self._has_cookie(environ) or self._is_token(_bearer(environ))):
            return _text(
                "401 Unauthorized",
                "This dashboard asks for a token: open the link that `perceptuna dashboard` printed, "
                "or add ?token=… to the address. Programs send `Authorization: Bearer …`.",
                ("WWW-Authenticate", "Bearer"),
            )
        if method in _READING:
            return None
        if self._read_only:
            return _reason("405 Method Not Allowed", "this dashboard is read-only", ("Allow", "GET, HEAD"))
        if _is_from_another_site(environ):
            return _reason("403 Forbidden", "changes are taken from the dashboard's own pages only")
        return None

    def _log_in(self, environ: WSGIEnvironment) -> _Reply:
        """Set the cookie and go to the same page, without the token in the address bar and the history."""
        # One slash and quoted: `//elsewhere.example` would be a redirect to another site.
        path = "/" + quote(environ.get("PATH_INFO", "").lstrip("/").encode("latin-1"))
        query = urlencode([(key, value) for key, value in _query(environ) if key != "token"])
        cookie = f"{self._cookie_name}={self._cookie}; HttpOnly; SameSite=Strict; Path=/"
        location = f"{path}?{query}" if query else path
        return _text("303 See Other", "", ("Location", location), ("Set-Cookie", cookie))

    def _is_token(self, given: bytes) -> bool:
        return hmac.compare_digest(given, (self._token or "").encode())

    def _has_cookie(self, environ: WSGIEnvironment) -> bool:
        # By hand: http.cookies gives up on all cookies at the first odd one, and other programs on this host
        # put theirs here too.
        pairs = (pair.strip().partition("=") for pair in environ.get("HTTP_COOKIE", "").split(";"))
        given = next((value for name, _, value in pairs if name == self._cookie_name), "")
        return hmac.compare_digest(given.encode(), self._cookie.encode())


class _Reply(NamedTuple):
    status: str
    text: str
    headers: list[tuple[str, str]]


def _text(status: str, text: str, *headers: tuple[str, str]) -> _Reply:
    return _Reply(status, text and f"{text}\n", [*headers, ("Content-Type", "text/plain; charset=utf-8")])


def _reason(status: str, reason: str, *headers: tuple[str, str]) -> _Reply:
    """In the form of the dashboard's own API, so that its pages can read the reason."""
    return _Reply(status, json.dumps({"reason": reason}), [*headers, ("Content-Type", "application/json")])


def _hardened(start_response: StartResponse) -> StartResponse:
    """`start_response` that adds `_HEADERS` where the dashboard has none, and takes back what it gives to all."""

    def start(status: str, headers: list[tuple[str, str]], *error: object) -> Callable[[bytes], object]:
        # The dashboard lets every site read artifacts.
        kept = [(name, value) for name, value in headers if name.lower() != "access-control-allow-origin"]
        present = {name.lower() for name, _ in kept}
        added = [(name, value) for name, value in _HEADERS if name.lower() not in present]
        return start_response(status, [*kept, *added], *error)  # type: ignore[arg-type]

    return start


def _is_from_another_site(environ: WSGIEnvironment) -> bool:
    """Whether a page of another site sent this; programs, which send neither header, are no pages.

    Sec-Fetch-Site is the browser's own word, right behind a proxy that changes the Host header too. Browsers
    leave it out over plain HTTP to another machine; there Origin is compared with Host.
    """
    relation = environ.get("HTTP_SEC_FETCH_SITE")
    if relation is not None:
        return relation not in ("same-origin", "none")
    origin = environ.get("HTTP_ORIGIN")
    return origin is not None and origin.partition("://")[2] != environ.get("HTTP_HOST")


def _query(environ: WSGIEnvironment) -> list[tuple[str, str]]:
    return parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)


def _bearer(environ: WSGIEnvironment) -> bytes:
    scheme, _, given = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return given.strip().encode("latin-1") if scheme.lower() == "bearer" else b""


def is_loopback(name: str) -> bool:
    """Whether `name`, of a host without its port, is reached from this machine alone."""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _name(host_header: str) -> str:
    try:
        return urlsplit(f"//{host_header}").hostname or ""
    except ValueError:
        return ""


def _address(host: str, port: int) -> str:
    name = socket.gethostname() if host in ("0.0.0.0", "::") else host
    return f"http://{f'[{name}]' if ':' in name else name}:{port}/dashboard/"


def _listen(host: str, port: int) -> socket.socket:
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
