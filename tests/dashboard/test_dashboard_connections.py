"""Who is slow, who sends much and who comes in numbers: a real server on a real socket goes on to serve the others."""

from __future__ import annotations

import json
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from project_on_disk import Project

from search.dashboard import Guard, dashboard_app
from search.dashboard.connections import bounded_server
from storage import open_storage

TOKEN = b"Authorization: Bearer known\r\n"
PATIENCE = 0.5


@pytest.fixture(scope="module")
def port(project: Project) -> Iterator[int]:
    """Of a dashboard with room for 20 connections, that waits half a second for a request."""
    guard = Guard(dashboard_app(open_storage(project.url), project.url), token="known", read_only=False)
    server: Any = bounded_server(guard, socket.create_server(("127.0.0.1", 0)), most=20, seconds=PATIENCE)
    threading.Thread(target=server.run, daemon=True).start()
    return int(server.effective_port)


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def answer(port: int, head: bytes, body: bytes = b"") -> bytes:
    """What comes back until the connection ends."""
    with closing(connected(port)) as connection:
        connection.sendall(head + b"Connection: close\r\n\r\n" + body)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_connections_in_numbers_that_say_nothing_keep_nobody_out(port: int) -> None:
    with ExitStack() as open_:
        for number in range(100):
            slow = open_.enter_context(closing(connected(port)))
            if number % 2:
                slow.sendall(b"GET / HTTP/1.1\r\nHost: a")
        reply = answer(port, b"GET /api/studies HTTP/1.1\r\n" + TOKEN)
    assert reply.startswith(b"HTTP/1.1 200")
    assert json.loads(reply.partition(b"\r\n\r\n")[2])["study_summaries"]


def test_a_request_that_trickles_is_ended(port: int) -> None:
    began = time.monotonic()
    with closing(connected(port)) as slow:
        assert trickled_until_the_end(slow) > 2
    assert PATIENCE < time.monotonic() - began < 15


def trickled_until_the_end(connection: socket.socket) -> int:
    """How many bytes of a header could be sent before the other side had enough."""
    for sent in range(1_000):
        if select.select([connection], [], [], 0.05)[0]:
            return sent
        connection.sendall(b"GET / HTTP/1.1\r\nX: "[sent : sent + 1] or b"x")
    return 0


@pytest.mark.parametrize("length", [b"Content-Length: 99000000", b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("who", [b"", b"Authorization: Bearer wrong\r\n", b"Cookie: perceptuna-0=1\r\n"])
def test_a_body_of_who_is_not_let_in_is_not_received(port: int, length: bytes, who: bytes) -> None:
    """The answer is there although nothing of the body was sent."""
    head = b"PUT /api/studies/1/note HTTP/1.1\r\n" + who + length + b"\r\nExpect: 100-continue\r\n"
    reply = answer(port, head)
    assert reply.startswith((b"HTTP/1.1 401", b"HTTP/1.0 401"))
    assert b"This dashboard asks for a token" in reply


def test_a_body_of_who_is_let_in_arrives(port: int, project: Project) -> None:
    note = json.dumps({"body": "seen", "version": 1}).encode()
    head = f"PUT /api/studies/{project.study_id}/note HTTP/1.1\r\nContent-Type: application/json\r\n".encode()
    length = f"Content-Length: {len(note)}\r\n".encode()
    assert answer(port, head + TOKEN + length, note).split()[1] in (b"204", b"409")


def test_a_body_that_is_too_large_is_refused_at_once(port: int) -> None:
    head = b"PUT /api/studies/1/note HTTP/1.1\r\nContent-Length: 400000000\r\n"
    assert answer(port, head + TOKEN).split()[1] == b"413"


def test_what_a_proxy_with_tls_says_of_the_browser_reaches_the_guard(port: int) -> None:
    link = b"GET /?token=known HTTP/1.1\r\n"
    behind_tls = answer(port, link + b"X-Forwarded-Proto: https\r\n")
    assert behind_tls.startswith(b"HTTP/1.1 303")
    assert b"; Secure" in behind_tls
    assert b"; Secure" not in answer(port, link)
