"""Who may ask the dashboard what: on its own it has no login and obeys any web page."""

from __future__ import annotations

import hmac
import json
import math
import secrets
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from search.dashboard.sessions import Sessions, WrongTokens

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# optuna-dashboard 0.21 changes nothing on these; a test calls all of its routes to see that.
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
ASKS_FOR_TOKEN = (
    "This dashboard asks for a token: open the link that `perceptuna dashboard` printed, or add ?token=… to the "
    "address. Programs send `Authorization: Bearer …`."
)
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

    - Every request needs the token: as `Authorization: Bearer`, or as the cookie that `?token=` sets. On loopback too:
      other users of the machine reach it. Any host name will do (a proxy's, a machine's): the cookie belongs to the
      name under which one logged in, so that a site whose name is rebound to 127.0.0.1 comes without it.
    - An address that sends wrong tokens has to wait. A cookie is let through all the same.
    - Changes are refused to other sites' pages, and to everyone when `read_only`.
    """

    def __init__(self, app: WSGIApplication, *, token: str, read_only: bool) -> None:
        self._app = app
        self._token = token.encode()
        self._read_only = read_only
        self._sessions = Sessions()
        self._wrong = WrongTokens()
        # All ports of a machine share their cookies: a name of its own lets two dashboards be open at once.
        self._cookie_name = f"perceptuna-{secrets.token_hex(4)}"

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start = _hardened(start_response)
        reply = self._reply(environ)
        if reply is None:
            return self._app(environ, start)
        body = reply.text.encode()
        start(reply.status, [*reply.headers, ("Content-Length", str(len(body)))])
        return [body]

    def admits(self, cookies: str, authorization: str, address: str) -> bool:
        """Whether a request with these headers may be read further. A wrong token is counted."""
        return self._has_cookie(cookies) or self._token_of(bearer(authorization), address) is None

    def _reply(self, environ: WSGIEnvironment) -> _Reply | None:
        """The guard's own answer, or None where the dashboard shall answer."""
        method, address = environ["REQUEST_METHOD"], environ.get("REMOTE_ADDR", "")
        in_query = dict(_query(environ)).get("token")
        if in_query is not None and method == "GET" and _opens_a_page(environ):
            return self._token_of(in_query.encode("utf-8", "replace"), address) or self._log_in(environ)
        if not self._has_cookie(environ.get("HTTP_COOKIE", "")):
            refused = self._token_of(bearer(environ.get("HTTP_AUTHORIZATION", "")), address)
            if refused is not None:
                return refused
        if method in _READING:
            return None
        if self._read_only:
            return _reason("405 Method Not Allowed", "this dashboard is read-only", ("Allow", "GET, HEAD"))
        if _is_from_another_site(environ):
            return _reason("403 Forbidden", "changes are taken from the dashboard's own pages only")
        return None

    def _token_of(self, given: bytes | None, address: str) -> _Reply | None:
        """None where `given` is the token; else what to answer."""
        if given is not None:
            wait = self._wrong.wait(address)
            if wait > 0:
                seconds = str(math.ceil(wait))
                return _text(
                    "429 Too Many Requests",
                    f"Too many wrong tokens came from this address; try again in {seconds} s.",
                    ("Retry-After", seconds),
                )
            if hmac.compare_digest(given, self._token):
                return None
            self._wrong.count(address)
        return _text("401 Unauthorized", ASKS_FOR_TOKEN, ("WWW-Authenticate", "Bearer"))

    def _log_in(self, environ: WSGIEnvironment) -> _Reply:
        """Set the cookie and go to the same page, without the token in the address bar and the history."""
        # One slash and quoted: `//elsewhere.example` would be a redirect to another site.
        path = "/" + quote(environ.get("PATH_INFO", "").lstrip("/").encode("latin-1"))
        query = urlencode([(key, value) for key, value in _query(environ) if key != "token"])
        cookie = f"{self._cookie_name}={self._sessions.begin()}; HttpOnly; SameSite=Strict; Path=/"
        if _is_encrypted(environ):
            cookie += "; Secure"
        location = f"{path}?{query}" if query else path
        return _text("303 See Other", "", ("Location", location), ("Set-Cookie", cookie))

    def _has_cookie(self, cookies: str) -> bool:
        # By hand: http.cookies gives up on all cookies at the first odd one, and other programs on this host
        # put theirs here too.
        pairs = (pair.strip().partition("=") for pair in cookies.split(";"))
        given = next((value for name, _, value in pairs if name == self._cookie_name), "")
        return self._sessions.knows(given)


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


def _opens_a_page(environ: WSGIEnvironment) -> bool:
    """Not as a picture of another site's page, which could use up the guesses of who looks at that."""
    return environ.get("HTTP_SEC_FETCH_DEST", "document") == "document"


def _is_from_another_site(environ: WSGIEnvironment) -> bool:
    relation, origin = environ.get("HTTP_SEC_FETCH_SITE"), environ.get("HTTP_ORIGIN")
    return is_from_another_site(relation, origin, environ.get("HTTP_HOST"))


def is_from_another_site(relation: str | None, origin: str | None, host: str | None) -> bool:
    """Whether a page of another site sent a request with these headers; programs, which send neither, are no pages.

    Sec-Fetch-Site (`relation`) is the browser's own word, right behind a proxy that changes the Host header too.
    Browsers leave it out over plain HTTP to another machine; there Origin is compared with Host.
    """
    if relation is not None:
        return relation not in ("same-origin", "none")
    return origin is not None and origin.partition("://")[2] != host


def _query(environ: WSGIEnvironment) -> list[tuple[str, str]]:
    return parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)


def bearer(authorization: str) -> bytes | None:
    """The token that came in this header; None where none did."""
    scheme, _, given = authorization.partition(" ")
    return given.strip().encode("latin-1") if scheme.lower() == "bearer" and given.strip() else None


def _is_encrypted(environ: WSGIEnvironment) -> bool:
    """Whether the browser speaks TLS, to us or to a proxy in front, which says so."""
    # Of several proxies the first one is the browser's.
    forwarded = environ.get("HTTP_X_FORWARDED_PROTO", "").partition(",")[0].strip().lower()
    return "https" in (environ.get("wsgi.url_scheme"), forwarded)
