"""Requests to a service by a token; its refusals, and whatever is wrong with the way there, as errors of ours."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO
from urllib.parse import urlencode

from search.client.address import TOKEN_SETTING, Address
from search.errors import InputError, ServiceFault

_SECONDS = 60.0
# A model is exported, a report is drawn: a process starts TensorFlow for it.
_LONG_SECONDS = 600.0


class Connection:
    """Asks one service. Each request has a connection of its own; nothing is followed to another address.

    Every method raises InputError where the service refuses what it was asked, in its own sentence, and ServiceFault
    where it cannot be reached or fails.
    """

    def __init__(self, address: Address, seconds: float = _SECONDS) -> None:
        self.address = address
        self._seconds = seconds

    def json(self, method: str, path: str, given: Any = None, **query: Any) -> Any:
        """The JSON of an answer; `given` is sent as JSON, and of `query` what is not None."""
        body = None if given is None else json.dumps(given).encode()
        asked = {name: value for name, value in query.items() if value is not None}
        path = f"{path}?{urlencode(asked)}" if asked else path
        with self._answer(method, path, body, {"Content-Type": "application/json"}, self._seconds) as answer:
            return self._parsed(answer.read())

    def sent(self, path: str, file: BinaryIO, size: int) -> Any:
        """The JSON that a file of `size` bytes is answered with."""
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        with self._answer("POST", path, file, headers, _LONG_SECONDS) as answer:
            return self._parsed(answer.read())

    def content(self, path: str, accept: str) -> bytes:
        """What the service makes anew, which may take minutes."""
        with self._answer("GET", path, None, {"Accept": accept}, _LONG_SECONDS) as answer:
            return answer.read()

    def long(self, path: str, given: Any) -> Any:
        """As `json`, of what may take minutes."""
        headers = {"Content-Type": "application/json"}
        with self._answer("POST", path, json.dumps(given).encode(), headers, _LONG_SECONDS) as answer:
            return self._parsed(answer.read())

    def gone(self, path: str) -> None:
        """Have something deleted."""
        with self._answer("DELETE", path, None, {}, self._seconds):
            pass

    def lines(self, path: str, headers: Mapping[str, str]) -> Iterator[str]:
        """Lines of an answer, as they come, without their ends."""
        with self._answer("GET", path, None, headers, self._seconds) as answer:
            for line in answer:
                yield line.decode(errors="replace").rstrip("\r\n")

    @contextmanager
    def _answer(
        self, method: str, path: str, body: Any, headers: Mapping[str, str], seconds: float
    ) -> Iterator[http.client.HTTPResponse]:
        address = self.address
        to = http.client.HTTPSConnection if address.encrypted else http.client.HTTPConnection
        connection = to(address.host, address.port, timeout=seconds)
        sent = dict(headers)
        if address.token is not None:
            sent["Authorization"] = f"Bearer {address.token}"
        try:
            # Who refuses a large body answers before it has read all of it, and hangs up.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, f"{address.path}/api/v1/{path}", body, sent)
            answer = connection.getresponse()
            if not 200 <= answer.status < 300:
                raise self._refusal(answer)
            yield answer
        except (OSError, http.client.HTTPException) as error:
            raise ServiceFault(f"{address.shown}: {_trouble(error, seconds)}") from error
        finally:
            connection.close()

    def _refusal(self, answer: http.client.HTTPResponse) -> InputError | ServiceFault:
        """A problem of RFC 9457 as an error of ours."""
        shown, status = self.address.shown, answer.status
        if answer.headers.get_content_type() != "application/problem+json":
            return ServiceFault(
                f"{shown}: answered {status}, and not as a service of perceptuna does; is the address right?"
            )
        if status == 401:
            known = "the token is not known there" if self.address.token else "the service asks for a token"
            return InputError(f"{shown}: {known}; give yours as ${TOKEN_SETTING}")
        told = self._parsed(answer.read())
        detail = str(told.get("detail", status)) if isinstance(told, dict) else str(status)
        return ServiceFault(f"{shown}: {detail}") if status >= 500 else InputError(detail)

    def _parsed(self, body: bytes) -> Any:
        try:
            return json.loads(body)
        except ValueError:
            raise ServiceFault(
                f"{self.address.shown}: expected JSON of a service of perceptuna, but got something else; "
                "is the address right?"
            ) from None


def _trouble(error: Exception, seconds: float) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there; is `perceptuna serve` running, and the address right?"
    if isinstance(error, socket.gaierror):
        return "there is no such host; is the address right?"
    if isinstance(error, TimeoutError):
        return f"no answer came within {seconds:.0f} s; ask again later"
    if isinstance(error, ssl.SSLError):
        return f"no encrypted connection could be made ({error.reason or error}); is it http:// there?"
    if isinstance(error, http.client.IncompleteRead | http.client.RemoteDisconnected | ConnectionError):
        return "the connection ended before the answer did; ask again"
    if isinstance(error, http.client.HTTPException):
        return "what listens there speaks no HTTP as a service of perceptuna does; is the address right?"
    return f"it cannot be reached ({error})"
