"""Who may ask the service what: nobody gets past without a token, and no body is read of who has none."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from search.dashboard.guard import bearer, is_from_another_site
from search.dashboard.sessions import WrongTokens
from search.service.problems import Refused, problem, wants_a_page
from search.service.users import User, Users
from storage.errors import translate

OPEN = ("/api/v1/health", "/static/page.css", "/static/page.js")
"""Paths that say nothing of any study."""

_TOO_MUCH = "that is more than the service takes"
_READING = ("GET", "HEAD", "OPTIONS")
_COOKIE_SECONDS = 30 * 24 * 3600
_LARGEST_BODY = 2**20
# Rows to answer may be more.
_LARGEST_ROWS = 64 * 2**20
_ASKS_FOR_TOKEN = (
    "this service asks for a token: open the link that it printed, or add ?token=… to the address; programs send "
    "`Authorization: Bearer …`"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
}


class Guard:
    """ASGI middleware. Whoever gets past is the request's `state.user`.

    - A token comes as `Authorization: Bearer`, or as the cookie that `?token=` sets.
    - An address that sends wrong tokens has to wait. A cookie is let through all the same.
    - A browser without one is asked for it by the page `login`.
    - Changes are refused to other sites' pages.
    - Bodies are bounded; of uploads, by the service.

    Args:
        cookie: its name: all ports of a machine share their cookies.
    """

    def __init__(
        self, app: ASGIApp, *, users: Users, cookie: str, largest_upload: int, login: Callable[[], Response]
    ) -> None:
        self._app = app
        self._login = login
        self._users = users
        self._largest_upload = largest_upload
        self._wrong = WrongTokens()
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        hardened = _hardened(send)
        if "\0" in scope["path"]:
            await problem(404, "Not Found")(scope, receive, hardened)
            return
        if request.url.path in OPEN:
            await self._app(scope, receive, hardened)
            return
        try:
            found = await run_in_threadpool(self._answer, request)
        except SQLAlchemyError as error:
            found = problem(503, str(translate(error) or "storage failed"))
        if isinstance(found, Response):
            await found(scope, receive, hardened)
            return
        scope.setdefault("state", {})["user"] = found
        await self._app(scope, self._bounded(request, receive), hardened)

    def _answer(self, request: Request) -> User | Response:
        """Who asks, or what they are answered."""
        in_query = request.query_params.get("token")
        if in_query is not None and request.method == "GET" and _opens_a_page(request):
            found = self._of_token(in_query, request)
            if isinstance(found, User):
                return self._log_in(request, found)
            return self._login() if found.status_code == 401 and wants_a_page(request) else found
        user = self._of_cookie(request)
        if user is None:
            given = bearer(request.headers.get("authorization", ""))
            if given is None and wants_a_page(request):
                return self._login()
            if given is None:
                return problem(401, _ASKS_FOR_TOKEN, {"WWW-Authenticate": "Bearer"})
            found = self._of_token(given.decode("latin-1"), request)
            if isinstance(found, Response):
                return found
            user = found
        headers = request.headers
        if request.method not in _READING and is_from_another_site(
            headers.get("sec-fetch-site"), headers.get("origin"), headers.get("host")
        ):
            return problem(403, "changes are taken from the service's own pages only")
        if int(headers.get("content-length", "0") or 0) > self._largest(request):
            return problem(413, _TOO_MUCH)
        return user

    def _of_token(self, token: str, request: Request) -> User | Response:
        address = request.client.host if request.client else ""
        wait = self._wrong.wait(address)
        if wait > 0:
            seconds = str(math.ceil(wait))
            detail = f"too many wrong tokens came from this address; try again in {seconds} s"
            return problem(429, detail, {"Retry-After": seconds})
        user = self._users.of_token(token)
        if user is None:
            self._wrong.count(address)
            return problem(401, _ASKS_FOR_TOKEN, {"WWW-Authenticate": "Bearer"})
        return user

    def _of_cookie(self, request: Request) -> User | None:
        # By hand: http.cookies gives up on all cookies at the first odd one.
        pairs = (pair.strip().partition("=") for pair in request.headers.get("cookie", "").split(";"))
        given = next((value for name, _, value in pairs if name == self._cookie), "")
        return self._users.of_cookie(given) if given else None

    def _log_in(self, request: Request, user: User) -> Response:
        """Set the cookie and go to the same page, without the token in the address bar and the history."""
        # One slash and quoted: `//elsewhere.example` would be a redirect to another site.
        path = "/" + quote(request.url.path.lstrip("/"))
        query = urlencode([pair for pair in parse_qsl(request.url.query) if pair[0] != "token"])
        answer = RedirectResponse(f"{path}?{query}" if query else path, 303)
        encrypted = "https" in (
            request.url.scheme,
            request.headers.get("x-forwarded-proto", "").split(",")[0],
        )
        answer.set_cookie(
            self._cookie,
            self._users.begin_session(user),
            max_age=_COOKIE_SECONDS,
            httponly=True,
            samesite="strict",
            secure=encrypted,
        )
        return answer

    def _largest(self, request: Request) -> int:
        """Bytes of the body."""
        path = request.url.path
        if path == "/api/v1/uploads":
            return self._largest_upload
        return _LARGEST_ROWS if path.endswith("/predictions") else _LARGEST_BODY

    def _bounded(self, request: Request, receive: Receive) -> Receive:
        """`receive` that refuses a body which is too large, where it came without its length."""
        left = self._largest(request)

        async def bounded() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise Refused(413, _TOO_MUCH)
            return message

        return bounded


def _hardened(send: Send) -> Send:
    async def hardened(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers: list[Any] = list(message.get("headers", []))
            there = {name.lower() for name, _ in headers}
            added = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
            message["headers"] = [*headers, *(pair for pair in added if pair[0] not in there)]
        await send(message)

    return hardened


def _opens_a_page(request: Request) -> bool:
    """Not as a picture of another site's page, which could use up the guesses of who looks at that."""
    return request.headers.get("sec-fetch-dest", "document") == "document"
