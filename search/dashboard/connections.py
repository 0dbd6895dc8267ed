"""Connections to the dashboard that cannot be held open by who is slow, nor filled by who is nobody.

waitress waits two minutes for each further byte, takes no new connection beside a hundred that are open, and receives
a whole body before anybody looks at the request.
"""

from __future__ import annotations

import socket
import time
from typing import Any

from waitress import create_server
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.utilities import Error

from search.dashboard.guard import ASKS_FOR_TOKEN, Guard

# For a request without its body, and for a body besides what its size takes at a slow line's speed.
REQUEST_SECONDS = 20.0
_BODY_BYTES_PER_SECOND = 20_000
# Beyond these connections the one that has been quiet for longest makes place for a new one.
MOST_CONNECTIONS = 400
# An artifact that is uploaded is one body.
_MOST_BYTES = 100_000_000


def bounded_server(
    guard: Guard, listening: socket.socket, most: int = MOST_CONNECTIONS, seconds: float = REQUEST_SECONDS
) -> Any:
    """A waitress server in front of `guard` whose connections are bounded, in number and by time."""
    server = create_server(
        guard,
        sockets=[listening],
        ident=None,
        connection_limit=2 * most,  # room for those that are about to end
        asyncore_use_poll=True,
        clear_untrusted_proxy_headers=False,  # by one of them a proxy tells the guard that the browser speaks TLS
        max_request_body_size=_MOST_BYTES,
        max_request_header_size=64_000,
    )
    server.channel_class = _channel_class(guard, most, seconds)
    return server


class _Unauthorized(Error):
    code = 401
    reason = "Unauthorized"


def _channel_class(guard: Guard, most: int, seconds: float) -> type[HTTPChannel]:

    class Parser(HTTPRequestParser):
        """Reads a request; a body only of who is let in."""

        address = ""
        body_rcv: Any

        def parse_header(self, header_plus: bytes) -> None:
            super().parse_header(header_plus)
            if self.body_rcv is None:
                return
            cookies, authorization = self.headers.get("COOKIE", ""), self.headers.get("AUTHORIZATION", "")
            if not guard.admits(cookies, authorization, self.address):
                self.error = _Unauthorized(ASKS_FOR_TOKEN)
                # Nothing of the body is to come.
                self.body_rcv, self.content_length, self.expect_continue = None, 0, False

    class Channel(HTTPChannel):
        """A connection whose requests have to arrive in time."""

        def __init__(self, server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> None:  # noqa: A002
            self.begun: float | None = time.monotonic()
            super().__init__(server, sock, addr, adj, map=map)
            _make_place(server.active_channels, most)

        def parser_class(self, adj: Any) -> Parser:
            parser = Parser(adj)
            parser.address = str(self.addr[0])
            return parser

        def received(self, data: bytes) -> bool:
            if self.begun is None:
                self.begun = time.monotonic()
            taken = bool(super().received(data))
            if self.request is None:
                self.begun = None  # it is complete, and the next one has not begun
            return taken

        def readable(self) -> bool:
            """Asked at least once a second."""
            if (
                self.begun is not None
                and not self.requests
                and time.monotonic() > self.begun + self._allowed()
            ):
                self.will_close = True
            return bool(super().readable())

        def _allowed(self) -> float:
            size = getattr(self.request, "content_length", 0) or 0
            return seconds + size / _BODY_BYTES_PER_SECOND

    return Channel


def _make_place(channels: dict[int, Any], most: int) -> None:
    quiet = [channel for channel in channels.values() if not channel.requests and not channel.will_close]
    if len(quiet) >= most:
        # Who has sent no whole request first.
        min(quiet, key=lambda channel: (channel.begun is None, channel.last_activity)).will_close = True
