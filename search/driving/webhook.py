"""One JSON object, posted to where a user wants to hear of it: within bounds of time, and to nobody else.

Nothing is followed to another address. What is shown of an address is its host: whoever has the rest may post there.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

from search.errors import InputError

TRIES = 3
_SECONDS = 10.0
_WAIT_SECONDS = 2.0
_EXPECTED = "expected an address, http://… or https://…"


class _Undelivered(Exception):
    """Nobody has taken it, this time: `again` says whether another try may help."""

    def __init__(self, why: str, *, again: bool) -> None:
        super().__init__(why)
        self.again = again


@dataclass(frozen=True)
class Webhook:
    """Where to post.

    Args:
        private: whether it may be on this machine, or in a network that only reaches from here.
    """

    host: str
    port: int
    encrypted: bool
    path: str = field(repr=False)
    private: bool = True

    @classmethod
    def parse(cls, url: str, *, private: bool = True) -> Webhook:
        """Raises InputError where `url` is no address to post to; the message shows no more of it than its host."""
        try:
            parts = urlsplit(url.strip())
            host, port = parts.hostname, parts.port
        except ValueError:
            raise InputError(f"--notify-url: {_EXPECTED}, but got something else") from None
        if parts.scheme not in ("http", "https") or not host:
            got = f"'{parts.scheme}:…'" if parts.scheme else "one that does not begin so"
            raise InputError(f"--notify-url: {_EXPECTED}, but got {got}")
        if "@" in parts.netloc:
            raise InputError(f"--notify-url: {_EXPECTED} without a name and a password, for {host}")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not (path + host).isascii() or not (path + host).isprintable() or " " in path + host:
            raise InputError(f"--notify-url: the address at {host!r} holds signs that no address has")
        encrypted = parts.scheme == "https"
        return cls(host, port or (443 if encrypted else 80), encrypted, path, private)

    def post(
        self, facts: Mapping[str, Any], sleep: Callable[[float], None] = time.sleep, seconds: float = _SECONDS
    ) -> str | None:
        """Post `facts`, three times at most, each within `seconds`; None when it was taken, else why not."""
        why = ""
        for tried in range(TRIES):
            if tried:
                sleep(_WAIT_SECONDS * 2 ** (tried - 1))
            try:
                self._post(json.dumps(facts).encode(), seconds)
            except _Undelivered as failed:
                why = str(failed)
                if not failed.again:
                    break
            else:
                return None
        return f"{self.host} was not notified: {why}"

    def _post(self, body: bytes, seconds: float) -> None:
        until = time.monotonic() + seconds
        connection = self._connection(self._address(), seconds)
        headers = {"Content-Type": "application/json", "User-Agent": "perceptuna", "Connection": "close"}
        try:
            connection.request("POST", self.path, body, headers)
            status = _status(connection.sock, until)
        except TimeoutError:
            raise _Undelivered(f"no answer within {seconds:.0f} s", again=True) from None
        except (OSError, http.client.HTTPException) as error:
            raise _Undelivered(f"{error or type(error).__name__}", again=True) from None
        finally:
            connection.close()
        if not 200 <= status < 300:
            raise _Undelivered(f"it answered {status}", again=status >= 500 or status == 429)

    def _address(self) -> str:
        """The number that `host` stands for. It is looked up once: what was checked is what is connected to."""
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise _Undelivered("there is no such host", again=True) from None
        addresses = [str(one[4][0]) for one in found]
        if not self.private and not all(map(_is_public, addresses)):
            raise _Undelivered(
                "it is on this machine or in a private network, and the service was not started with --notify-private",
                again=False,
            )
        return addresses[0]

    def _connection(self, address: str, seconds: float) -> http.client.HTTPConnection:
        # The name stays that of the host, for its certificate and its virtual hosts.
        if self.encrypted:
            return _Encrypted(self.host, self.port, address, seconds)
        return _Plain(self.host, self.port, address, seconds)


class _Plain(http.client.HTTPConnection):
    def __init__(self, host: str, port: int, address: str, seconds: float) -> None:
        super().__init__(host, port, timeout=seconds)
        self._address = address

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)


class _Encrypted(http.client.HTTPSConnection):
    def __init__(self, host: str, port: int, address: str, seconds: float) -> None:
        self._own = ssl.create_default_context()
        super().__init__(host, port, timeout=seconds, context=self._own)
        self._address = address

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._own.wrap_socket(plain, server_hostname=self.host)


class _Until(io.RawIOBase):
    """What comes from `connection` before `until`, a time of the monotonic clock.

    By itself a socket waits anew for each piece, of whoever sends one byte at a time.
    """

    def __init__(self, connection: socket.socket, until: float) -> None:
        self._connection = connection
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, place: Any) -> int:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(place)

    def makefile(self, mode: str) -> io.BufferedReader:
        """As a socket's, for `http.client`."""
        del mode
        return io.BufferedReader(self)


def _status(connection: socket.socket, until: float) -> int:
    """Of the answer. Raises: TimeoutError: it is not there in time."""
    answer = http.client.HTTPResponse(cast("socket.socket", _Until(connection, until)), method="POST")
    answer.begin()
    return answer.status


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None) or found
    return bool(mapped.is_global and not mapped.is_multicast)
