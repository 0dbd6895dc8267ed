"""Send hostile requests to a service on every route as everybody, and look for what they got, changed or brought down.

    python -m benchmarks.service_hostile [--quick] [--seed 0]

Routes and methods are those of the service's own OpenAPI, and its pages. Each is asked by nobody, by a wrong token, as
a viewer, as a user who owns nothing, as the owner and as an admin: with paths that climb, markup, zero bytes, fields
that are unknown, values of other types, bodies that are no JSON, too deep or too large. Beside the folder of data lies
a file that nobody may read, and in it a link to that file. The seed makes a run again what it was.
"""

from __future__ import annotations

import json
import random
import re
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.measure import command_line, write_result
from benchmarks.service_process import ServiceProcess
from search.service.users import Users
from storage import StorageURL, open_storage

SECRET = "secret-4711"
OWNED = "owned"
"""The study of the owner. It is paused, and nobody else may change it."""

MARKUP = "<script>alert(1)</script>"
NAMES = (
    OWNED,
    "nothing",
    "..",
    "../../secret.csv",
    "..%2f..%2fsecret.csv",
    "%00",
    MARKUP,
    "a" * 5000,
    "-1",
    "1e999",
)
VALUES: tuple[Any, ...] = (
    *("../secret.csv", "link.csv", "/etc/passwd", "table.csv\0", "upload:../../secret.csv", "os:system"),
    *("\ud800", MARKUP, "x" * 300_000, "=1+1", "", " ", "'; drop table studies; --"),
    *(-1, 0, 10**400, 1e308, True, None, [], {}, [[1]], {"a": {"b": 1}}),
)
BODIES = (
    *(b"", b"{", b"[" * 100_000, b'{"study": NaN}', b"\xff\xfe", b"null", b"[]", b'"text"', b"\0" * 100),
    *(b'{"study": "a", "study": "b"}', b"PK\x03\x04", b"PAR1PAR1", b"a,b\n1,2\n", b"x" * 2_000_000),
)
HEADERS = (
    *("Last-Event-ID: -1", "Last-Event-ID: 99999999999999999999", "Idempotency-Key: " + "k" * 300),
    *(
        "Accept: " + MARKUP,
        "Origin: http://evil.example",
        "X-Forwarded-For: 127.0.0.1",
        "Expect: 100-continue",
    ),
)
_PAGES = ("GET /", "GET /new", "GET /studies/{name}", "GET /static/{name}", "GET /api/v1/openapi.json")
_FIELDS = ("study", "settings", "priority", "note", "trials", "workers", "timeout", "rows", MARKUP)
_SETTINGS = (
    "data",
    "target",
    "space",
    "validation",
    "drop",
    "metric",
    "trials",
    "workers",
    "seed",
    "model",
    "folds",
)
_CHANGES = ("state", "owner", "priority", "note", "budget", "workers")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# Without a token, or with a wrong one; the last of these is answered to a name that cannot be.
_REFUSALS = {400, 401, 403, 404, 405, 413, 422, 429}


@dataclass
class Found:
    """How requests were answered, by who asked, and what was wrong."""

    answers: dict[str, Counter[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        return sum(sum(of_one.values()) for of_one in self.answers.values())


def walk(
    port: int, tokens: Mapping[str, str], secrets: tuple[str, ...], chance: random.Random, times: int
) -> Found:
    """Ask every route `times` times as everybody.

    Args:
        tokens: of viewer, user, owner and admin. The owner's study `OWNED` is there, and paused.
        secrets: what no answer may have in it.
    """
    found = Found()
    cookies = {role: logged_in(port, token) for role, token in tokens.items()}
    # The wrong token is the last: whoever guesses is made to wait, and this is one address.
    for role in ("nobody", *tokens, "wrong token"):
        before = owned(port, cookies["admin"])
        counted = found.answers.setdefault(role, Counter())
        for route in known_routes(port, cookies["admin"]):
            for _ in range(times):
                request = hostile_request(route, credentials(role, cookies), chance)
                status, came = answer(port, request)
                counted[str(status or "no answer")] += 1
                wrong = judged(role, route, status, came, secrets)
                found.wrong += [f"{role}: {one}: {request[:300]!r}" for one in wrong]
                if status == 204 and route.endswith("/me/sessions"):
                    cookies[role] = logged_in(port, tokens[role])
        if role not in ("owner", "admin") and owned(port, cookies["admin"]) != before:
            found.wrong.append(f"{role} has changed a study of the owner")
    if answer(port, _request("GET /api/v1/health", "", b""))[0] != 200:
        found.wrong.append("the service is not well any more")
    return found


def credentials(role: str, cookies: Mapping[str, str]) -> str:
    """The header by which it is known who asks; empty for nobody."""
    if role == "wrong token":
        return "Authorization: Bearer anna." + "0" * 64
    return f"Cookie: {cookies[role]}" if role in cookies else ""


def judged(role: str, route: str, status: int | None, came: bytes, secrets: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with an answer."""
    method, path = route.split(" ")
    head, _, body = came.partition(b"\r\n\r\n")
    if status is None or status >= 500:
        yield f"answered {status}"
    allowed = status in _REFUSALS or "/static/" in path
    if role in ("nobody", "wrong token") and path != "/api/v1/health" and not allowed:
        yield f"answered {status}"
    reads = method == "GET" or path.endswith(("/predictions", "/me/sessions"))
    if role == "viewer" and not reads and status is not None and status < 400:
        yield f"changed something: {status}"
    if any(secret.encode() in came for secret in secrets) or b"Traceback" in came:
        yield "told too much"
    if b"text/html" in head and MARKUP.encode() in body:
        yield "has another's markup in a page"
    told = path.startswith("/api") and (status or 0) >= 400 and b"HEAD" not in head
    if told and status != 400 and b"application/problem+json" not in head.lower():
        yield f"{status} is no problem"


def known_routes(port: int, cookie: str) -> list[str]:
    """`METHOD /path/{name}`: all of the API's, and the pages."""
    _, came = answer(port, _request("GET /api/v1/openapi.json", f"Cookie: {cookie}", b""))
    schema = json.loads(came.partition(b"\r\n\r\n")[2])
    return [f"{method.upper()} {path}" for path, of in schema["paths"].items() for method in of] + list(
        _PAGES
    )


def owned(port: int, cookie: str) -> list[Any]:
    """What nobody but its owner may change of the study."""
    _, came = answer(port, _request(f"GET /api/v1/studies/{OWNED}", f"Cookie: {cookie}", b""))
    row = json.loads(came.partition(b"\r\n\r\n")[2])
    return [row.get(name) for name in _CHANGES]


def hostile_request(route: str, who: str, chance: random.Random) -> bytes:
    """One to a route, as hostile as chance has it."""
    method, path = route.split(" ")

    def of(parameter: re.Match[str]) -> str:
        verbs = ("pause", "resume", "stop", "cancel")
        known = verbs if parameter[1] == "verb" else (OWNED,) * 9
        chosen = chance.choice((*known, *NAMES))
        return chosen if chance.random() < 0.3 else quote(chosen, safe="")

    path = re.sub(r"{(\w+)}", of, path)
    query = chance.choice(
        ["", "", "?limit=-1", "?offset=99999999999999999999", "?state=%3Cb%3E", "?page=-1", "?%00=%ff"]
    )
    body = b"" if method == "GET" else hostile_body(chance)
    kind = chance.choice(["application/json", "application/json", "text/csv", "multipart/form-data", "\xff"])
    headers = [who, f"Content-Type: {kind}", *chance.sample(HEADERS, chance.randrange(2))]
    return _request(f"{method} {path.replace(' ', '%20')}{query}", "\r\n".join(filter(None, headers)), body)


def hostile_body(chance: random.Random) -> bytes:
    """Something like what is asked for, or nothing like it."""
    if chance.random() < 0.4:
        return chance.choice(BODIES)
    given: dict[str, Any] = {
        name: chance.choice(VALUES) for name in chance.sample(_FIELDS, chance.randrange(4))
    }
    if chance.random() < 0.7:
        given["study"] = f"made-{chance.randrange(10**6)}"
        wrong = {name: chance.choice(VALUES) for name in chance.sample(_SETTINGS, chance.randrange(1, 3))}
        given["settings"] = {"data": "digits", "trials": 1, **wrong}
    return json.dumps(given).encode()


def _request(line: str, headers: str, body: bytes) -> bytes:
    lines = [f"{line} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, *([headers] if headers else []), "", ""]).encode("latin-1", "replace") + body


def answer(port: int, request: bytes) -> tuple[int | None, bytes]:
    """Status and all that came, of a stream its head alone."""
    came = b""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        with suppress(OSError):  # what is refused by its length is not read
            connection.sendall(request)
        with suppress(OSError):
            while (part := connection.recv(65_536)) and b"text/event-stream" not in came:
                came += part
    came = came.removeprefix(_CONTINUE)
    found = re.match(rb"HTTP/1\.[01] (\d{3})", came)
    return (int(found[1]) if found else None), came


def logged_in(port: int, token: str) -> str:
    """The cookie that a browser gets for `token`."""
    _, came = answer(port, _request(f"GET /?token={quote(token)}", "", b""))
    found = re.search(rb"set-cookie: ([^;]+)", came, re.IGNORECASE)
    assert found is not None, came
    return found[1].decode()


def laid_out(folder: Path) -> Path:
    """The folder of data, with a table, and a link to the file beside it that nobody may read."""
    data = folder / "data"
    data.mkdir()
    (data / "table.csv").write_text("a,b\n1,2\n")
    (folder / "secret.csv").write_text(f"a,{SECRET}\n1,2\n")
    (data / "link.csv").symlink_to(folder / "secret.csv")
    return data


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        service = ServiceProcess(folder, None, slots=1, waiting="", data=laid_out(folder))
        users = Users(open_storage(StorageURL.of_file(service.storage), create=True))
        names = {"viewer": "viewer", "user": "user", "owner": "user", "admin": "admin"}
        tokens = {name: users.add(name, role) for name, role in names.items()}
        service.start()
        try:
            given = {"study": OWNED, "settings": {"data": "digits", "trials": 2}}
            service.ask("POST", "studies", tokens["owner"], given)
            service.ask("POST", f"studies/{OWNED}/pause", tokens["owner"])
            while service.ask("GET", f"studies/{OWNED}", tokens["owner"])[1]["state"] != "paused":
                time.sleep(0.1)
            times = 2 if arguments.quick else 20
            found = walk(service.port, tokens, (SECRET,), random.Random(arguments.seed), times)
        finally:
            service.end()
    rows = [{"who": who, "answers": dict(counted.most_common())} for who, counted in found.answers.items()]
    for row in rows:
        print(row)
    print(f"{found.requests} requests, {len(found.wrong)} findings", *found.wrong[:20], sep="\n")
    print("raw numbers:", write_result("service-hostile", [*rows, {"wrong": found.wrong}], arguments.quick))


if __name__ == "__main__":
    main()
