"""One request to a WSGI application, without a server."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from wsgiref.types import WSGIApplication
from wsgiref.util import setup_testing_defaults


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def cookie(self) -> str:
        return self.headers["Set-Cookie"].partition(";")[0]


def call(
    app: WSGIApplication, path: str, method: str = "GET", query: str = "", body: object = None, **headers: str
) -> Reply:
    """One request as a WSGI server would hand it on; `path` is already unquoted."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": query,
        "HTTP_HOST": "127.0.0.1:8080",
        "HTTP_ACCEPT_ENCODING": "identity",
        **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
    }
    if method not in ("GET", "HEAD"):
        sent = json.dumps(body or {}).encode()
        environ |= {
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(sent)),
            "wsgi.input": io.BytesIO(sent),
        }
    setup_testing_defaults(environ)
    environ["wsgi.errors"] = io.StringIO()
    answered: list[Any] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], *error: object
    ) -> Callable[[bytes], object]:
        answered[:] = [int(status[:3]), dict(headers)]
        return lambda data: None

    parts = app(environ, start_response)
    content = b"".join(parts)
    return Reply(answered[0], answered[1], content)
