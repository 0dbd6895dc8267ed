"""Who may ask the dashboard what: on its own it has no login and obeys any web page."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

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
