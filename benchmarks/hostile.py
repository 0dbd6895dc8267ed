"""Send hostile requests to a dashboard that is really served, and look for what they got, changed or brought down.

    python -m benchmarks.hostile [--quick] [--seed 0]

Requests go through sockets, byte by byte as they were made up: every route and method, without a token or with a
wrong one, paths that climb, bodies of every kind, heads that are no HTTP, connections that stay open. None of them may
be answered with more than a refusal; the database and the artifacts stay as they are; who has logged in is served all
the while. The seed makes a run again what it was.
"""

from __future__ import annotations

import random
import re
import socket
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import optuna

from benchmarks.measure import command_line, write_result
from search.dashboard import Guard, dashboard_app
from search.dashboard.connections import bounded_server
from storage import StorageURL, open_storage

TOKEN = "the-owners-own-token"
OPEN_AT_ONCE = 300
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get", "")
CLIMBS = (
    "../studies.db",
    "..%2fstudies.db",
    "..%252fstudies.db",
    "....//studies.db",
    "%00",
    "0-/../studies.db",
)
REFUSED = {400, 401, 405, 413, 417, 429, 431, 501, 505}


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        requests = 200 if arguments.quick else 2_000
        row = attacked(Path(folder), requests, random.Random(arguments.seed))
    print(row)
    print("raw numbers:", write_result("hostile", [row], arguments.quick))


def attacked(folder: Path, requests: int, chance: random.Random) -> dict[str, Any]:
    """How `requests` were answered, and what was found wrong."""
    url = StorageURL.parse(f"sqlite:///{folder}/studies.db")
    study = optuna.create_study(study_name="mine", storage=open_storage(url, create=True))
    study.add_trial(optuna.trial.create_trial(value=0.5))
    app = dashboard_app(open_storage(url), url)
    server: Any = bounded_server(
        Guard(app, token=TOKEN, read_only=False), socket.create_server(("127.0.0.1", 0)), seconds=2.0
    )
    threading.Thread(target=server.run, daemon=True).start()
    port = int(server.effective_port)
    rules = [str(route.rule) for route in app.routes]  # type: ignore[attr-defined]
    before, answers, findings, open_ = digest(folder), Counter[str](), list[str](), list[socket.socket]()
    slowest, owner = 0.0, owners_request(logged_in(port))
    for number in range(requests):
        request = hostile_request(rules, chance)
        status, body = answer(port, request, open_ if chance.random() < 0.2 else None)
        answers[str(status or "no answer")] += 1
        if status is not None and status not in REFUSED:
            findings.append(f"{status}: {request[:200]!r}")
        if b"mine" in body or TOKEN.encode() in body or b"Traceback" in body:
            findings.append(f"told too much: {request[:200]!r}")
        if number % 100 == 99:
            began = time.monotonic()
            served, _ = answer(port, owner, None)
            slowest = max(slowest, time.monotonic() - began)
            if served != 200:
                findings.append(f"the owner was answered {served} after {number + 1} requests")
        for oldest in open_[:-OPEN_AT_ONCE]:
            oldest.close()
        del open_[:-OPEN_AT_ONCE]
    if digest(folder) != before:
        findings.append("the database or the artifacts have changed")
    return {
        "requests": requests,
        "answers": dict(answers.most_common()),
        "connections_held_open": OPEN_AT_ONCE,
        "owners_slowest_answer_seconds": round(slowest, 2),
        "findings": findings,
    }


def logged_in(port: int) -> str:
    """The owner's cookie."""
    _, came = answer(port, f"GET /?token={TOKEN} HTTP/1.1\r\nConnection: close\r\n\r\n".encode(), None)
    found = re.search(rb"Set-Cookie: ([^;]+)", came)
    assert found is not None, came
    return found[1].decode()


def owners_request(cookie: str) -> bytes:
    return f"GET /api/studies HTTP/1.1\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n".encode()


def hostile_request(rules: list[str], chance: random.Random) -> bytes:
    """One that is made up: a route or something like one, with credentials, headers and a body that are none."""
    if chance.random() < 0.1:
        return chance.randbytes(chance.randrange(1, 400))
    rule = re.sub(
        r"<(\w*)[^>]*>", lambda _: chance.choice(["1", "0", "-1", "x", *CLIMBS]), chance.choice(rules)
    )
    path = chance.choice(
        [rule, f"//{rule}", rule + chance.choice(CLIMBS), "/" + "a" * chance.randrange(1, 9_000)]
    )
    query = chance.choice(["", "?token=", "?token=wrong", f"?token={TOKEN[:-1]}", "?after=-1", "?%00=%ff"])
    head = [f"{chance.choice(METHODS)} {path}{query} HTTP/{chance.choice(['1.1', '1.0', '9.9', ''])}"]
    credentials = (
        "Authorization: Bearer wrong",
        "Authorization: Bearer",
        f"Authorization: Basic {TOKEN}",
        "Cookie: perceptuna=1; perceptuna-00000000=" + "a" * 40,
        "X-Forwarded-For: 127.0.0.1",
        "Origin: http://evil.example",
        "Host: evil.example",
        "X: " + "y" * chance.choice([1, 70_000]),
    )
    head += chance.sample(credentials, chance.randrange(0, 4))
    body = chance.randbytes(chance.choice([0, 10, 5_000]))
    head += chance.choice(
        [
            [],
            [f"Content-Length: {len(body)}"],
            ["Content-Length: 400000000"],
            ["Content-Length: -5"],
            ["Content-Length: 1", "Content-Length: 2"],
            ["Transfer-Encoding: chunked"],
            ["Transfer-Encoding: chunked", "Content-Length: 3"],
        ]
    )
    return "\r\n".join([*head, "Connection: close", "", ""]).encode("latin-1", "replace") + body


def answer(port: int, request: bytes, open_: list[socket.socket] | None) -> tuple[int | None, bytes]:
    """Status and all that came; with `open_`, half of the request is sent and the connection is kept there."""
    with suppress(OSError):
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        if open_ is not None:
            connection.sendall(request[: len(request) // 2])
            open_.append(connection)
            return None, b""
        with connection:
            with suppress(OSError):
                connection.sendall(request)
            connection.settimeout(3)
            came = b""
            with suppress(OSError):
                while part := connection.recv(65_536):
                    came += part
            found = re.match(rb"HTTP/1\.[01] (\d{3})", came)
            return (int(found[1]) if found else None), came
    return None, b""


def digest(folder: Path) -> str:
    """Of the database, without what SQLite keeps beside it, and of the names of all files."""
    names = sorted(path.name for path in folder.rglob("*") if not path.name.endswith(("-wal", "-shm")))
    return sha256((folder / "studies.db").read_bytes() + "\n".join(names).encode()).hexdigest()


if __name__ == "__main__":
    main()
