"""How long a service takes to answer, with many large studies in its database and two that run.

    python -m benchmarks.service_latency [--quick]

A hundred studies of a thousand trials each, of three owners. Two more run meanwhile, whose trials cost nothing
(`benchmarks.soak_driver`), so they report oftener than trained ones do: two epochs in a tenth of a second. Three users
ask, four times a second each but never two at once, each time by a new connection; each chooses at random among what
the page and a client ask. Beside the time of a whole answer stands what the processor worked for it in the service, as
Linux counts it: on a machine that is shared, that is what tells. What comes first, after a start, is not left out.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.large_study import made_studies
from benchmarks.measure import command_line, write_result
from benchmarks.service_process import ServiceProcess
from search.service.queue import Queue, QueuedStudy
from search.service.states import State
from search.service.users import Users
from storage import StorageURL, open_storage

OWNERS = ("anna", "ben", "chris")
BAR_MS = 50.0
_THINKS_SECONDS = 0.25
_RUNNING = {"data": "digits", "space": "small", "epochs": 20, "sampler": "random", "trials": 100_000}
# How often each is asked for, of all; {0} is a study, {1} one that runs.
ASKED = {
    "GET /": 4,
    "GET /studies/{0}": 4,
    "GET /api/v1/studies": 4,
    "GET /api/v1/studies?state=running": 2,
    "GET /api/v1/studies/{0}": 4,
    "GET /api/v1/studies/{1}": 6,
    "GET /studies/{1}": 4,
    "GET /api/v1/studies/{0}/trials": 2,
    "GET /api/v1/studies/{0}/trials/7": 2,
    "PATCH /api/v1/studies/{0}": 1,
    "GET /api/v1/uploads": 1,
    "GET /api/v1/me": 1,
    "GET /api/v1/metrics": 1,
    "GET /api/v1/health": 1,
}


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--seconds", type=float)
    arguments = parser.parse_args()
    studies, trials = (5, 200) if arguments.quick else (100, 1000)
    with tempfile.TemporaryDirectory() as folder:
        rows = measured(Path(folder), studies, trials, arguments.seconds or (10 if arguments.quick else 120))
    for row in rows:
        print(
            f"{row['asked']:>34}: n={row['n']}, median {row['median_ms']:.1f} ms, p95 {row['p95_ms']:.1f} ms; "
            f"processor: {row['median_cpu_ms']:.1f} ms, p95 {row['p95_cpu_ms']:.1f}, most {row['most_cpu_ms']:.1f}"
        )
    print("raw numbers:", write_result("service-latency", rows, arguments.quick))


def measured(folder: Path, studies: int, trials: int, seconds: float) -> list[dict[str, Any]]:
    """Milliseconds of the answers to each request, and of all."""
    os.environ["SOAK_EPOCH_SECONDS"] = "0.1"
    service = ServiceProcess(folder, None, slots=2, waiting="")
    url = StorageURL.of_file(service.storage)
    names = made_studies(url, studies, trials)
    storage = open_storage(url)
    users, queue = Users(storage), Queue(storage)
    tokens = [users.add(owner, "user") for owner in OWNERS]
    for number, name in enumerate(names):
        settings = json.dumps({"data": "digits"})
        queue.add(QueuedStudy(name, OWNERS[number % 3], settings, trials, state=State.FINISHED))
    service.start()
    try:
        for name, token in zip(("running-1", "running-2"), tokens, strict=False):
            status, answer = service.ask("POST", "studies", token, {"study": name, "settings": _RUNNING})
            if status != 201:
                raise SystemExit(answer)
        time.sleep(10)
        asking = [User(service, token, names, number) for number, token in enumerate(tokens)]
        for one in asking:
            one.start()
        time.sleep(seconds)
        for one in asking:
            one.ended.set()
            one.join()
    finally:
        service.end()
    took = [one for user in asking for one in user.took]
    asked = [name for name in ASKED if any(one.asked == name for one in took)]
    return [
        *(described(name, [one for one in took if one.asked == name]) for name in asked),
        described("all", took),
    ]


@dataclass(frozen=True)
class Took:
    """An answer: milliseconds on the clock, and of the service's processor time."""

    asked: str
    ms: float
    cpu_ms: float


def cpu_ms(pid: int) -> float:
    """That all threads of a process have used."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e6


class User(threading.Thread):
    """Asks, waits a little, and asks again."""

    _one_at_a_time = threading.Lock()

    def __init__(self, service: ServiceProcess, token: str, names: list[str], number: int) -> None:
        super().__init__()
        self.ended = threading.Event()
        self.took: list[Took] = []
        self._pid = service.pid
        self._connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=600)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._own = names[number::3]
        self._names = names
        self._chance = random.Random(number)

    def run(self) -> None:
        while not self.ended.wait(_THINKS_SECONDS * self._chance.uniform(0.5, 1.5)):
            (asked,) = self._chance.choices(list(ASKED), ASKED.values())
            method, path = asked.split(" ")
            study = self._chance.choice(self._own if method == "PATCH" else self._names)
            body = json.dumps({"note": f"{self._chance.random()}"}) if method == "PATCH" else None
            path = path.format(study, self._chance.choice(("running-1", "running-2")))
            with self._one_at_a_time:
                began, used = time.perf_counter(), cpu_ms(self._pid)
                self._connection.close()  # it may have waited for longer than the service keeps it
                self._connection.request(method, path, body, self._headers)
                answer = self._connection.getresponse()
                answer.read()
                ms = 1000 * (time.perf_counter() - began)
                self.took.append(Took(asked, ms, cpu_ms(self._pid) - used))
            if answer.status != 200:
                raise SystemExit(f"{asked}: {answer.status}")


def described(asked: str, took: list[Took]) -> dict[str, Any]:
    """Median, 95th percentile and most, in milliseconds."""
    row: dict[str, Any] = {"asked": asked, "n": len(took)}
    for unit in ("ms", "cpu_ms"):
        values = sorted(getattr(one, unit) for one in took)
        row[f"median_{unit}"] = statistics.median(values)
        row[f"p95_{unit}"] = values[max(0, -(-95 * len(values) // 100) - 1)]
        row[f"most_{unit}"] = values[-1]
    return row


if __name__ == "__main__":
    main()
