"""What a request is refused with: problem details (RFC 9457), in the sentences of the command line."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from search.errors import InputError, PerceptunaError
from search.service.wishes import NotNow
from search.text.printable import printable_lines
from search.text.usage import expectation
from spaces import SpaceError, TomlError
from storage.errors import StorageError, StudyBusy, translate
from storage.urls import hide_passwords


class Refused(Exception):
    """A request that cannot be: an HTTP status, and why."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """`detail` as a problem of that status."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": printable_lines(hide_passwords(detail)),
    }
    return JSONResponse(content, status, headers, "application/problem+json")


def add_problems(app: FastAPI, page: Callable[[int, str, str], Response]) -> None:
    """Have every error of `app` answered as a problem; to who looks at pages, by `page` of status, title and detail."""
    handlers: dict[type[Exception], Callable[[Any], JSONResponse]] = {
        Refused: lambda error: problem(error.status, error.detail, error.headers),
        HTTPException: lambda error: problem(error.status_code, str(error.detail), error.headers),
        RequestValidationError: lambda error: problem(422, "\n".join(map(_explained, error.errors()))),
        NotNow: lambda error: problem(409, str(error)),
        InputError: lambda error: problem(422, str(error)),
        SpaceError: lambda error: problem(422, str(error)),
        TomlError: lambda error: problem(422, str(error)),
        StudyBusy: lambda error: problem(409, str(error)),
        PerceptunaError: lambda error: problem(503, str(error)),
        StorageError: lambda error: problem(503, str(error)),
        SQLAlchemyError: lambda error: problem(503, str(translate(error) or "storage failed")),
        # Its traceback goes to the service's own log.
        Exception: lambda error: problem(500, "a bug of perceptuna; its traceback is in the service's log"),
    }
    for kind, answer in handlers.items():
        app.add_exception_handler(kind, _handler(answer, page))


def _handler(
    answer: Callable[[Any], JSONResponse], page: Callable[[int, str, str], Response]
) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        told = answer(error)
        if wants_a_page(request):
            content = json.loads(bytes(told.body))
            return page(told.status_code, content["title"], content["detail"])
        return told

    return handle


def wants_a_page(request: Request) -> bool:
    """A browser does, for people."""
    return "text/html" in request.headers.get("accept", "")


def _explained(found: Any) -> str:
    """One error of a request as a sentence with its place."""
    place = ".".join(str(part) for part in found["loc"][1:]) or str(found["loc"][0])
    if found["type"] == "missing":
        return f"{place}: is missing"
    if found["type"] == "extra_forbidden":
        return f"{place}: there is no such field"
    if found["type"] == "json_invalid":
        return "expected JSON"
    return f"{place}: {expectation(found)}"
