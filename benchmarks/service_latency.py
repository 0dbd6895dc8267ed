"""How long a service takes to answer, with many large studies in its database and two that run.

    python -m benchmarks.service_latency [--quick] [--made FILE]

A hundred studies of a thousand trials each, of three owners. Two more run meanwhile, whose trials cost nothing
(`benchmarks.soak_driver`), so they report oftener than trained ones do: two epochs in a tenth of a second. Three users
ask, four times a second each but never two at once, each time by a new connection; each chooses at random among what
the page and a client ask. Beside the time of a whole answer stands what the processor worked for it in the service, as
Linux counts it: on a machine that is shared, that is what tells. All that the service's own threads do meanwhile, such
as looking after the queue, is counted with the answer.

The service has read ahead by then (`search.service.reading_ahead`), which it does once in the life of a study; what
that took is a row of its own. With `--cold` it begins
to when it starts, behind all else, so that most studies are asked for the first time in their lives.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import shutil
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna

from benchmarks.large_study import made_studies
from benchmarks.measure import command_line, write_result
from benchmarks.service_process import ServiceProcess
from search.service.folders import answers_folder
from search.service.queue import Queue, QueuedStudy
from search.service.readings import Readings
from search.service.states import State
from search.service.users import Users
from storage import StorageURL, open_storage

OWNERS = ("anna", "ben", "chris")
BAR_MS = 50.0
RUNNING = ("running-1", "running-2")
_THINKS_SECONDS = 0.25
_STARTS_SECONDS = 600.0
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
    "GET /api/v1/studies/{1}/trials": 1,
    "GET /api/v1/studies/{1}/progress": 2,
    "PATCH /api/v1/studies/{0}": 1,
    "GET /api/v1/uploads": 1,
    "GET /api/v1/me": 1,
    "GET /api/v1/metrics": 1,
    "GET /api/v1/health": 1,
}


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--seconds", type=float)
    parser.add_argument(
        "--made", type=Path, help="the database before it is served; made there where it is not"
    )
    parser.add_argument(
        "--of", type=int, metavar="N", help="ask about the newest N studies alone; all are listed"
    )
    parser.add_argument("--cold", action="store_true", help="without what the service reads ahead")
    arguments = parser.parse_args()
    studies, trials = (5, 200) if arguments.quick else (100, 1000)
    seconds = arguments.seconds or (10 if arguments.quick else 120)
    with tempfile.TemporaryDirectory() as folder:
        made = arguments.made or Path(folder) / "made.db"
        if not made.exists():
            made_studies(StorageURL.of_file(made), studies, trials)
        rows = measured(Path(folder), made, seconds, arguments.of, cold=arguments.cold)
    for row in rows:
        print(
            f"{row['asked']:>34}: n={row['n']}, median {row['median_ms']:.1f} ms, p95 {row['p95_ms']:.1f} ms; "
            f"processor: {row['median_cpu_ms']:.1f} ms, p95 {row['p95_cpu_ms']:.1f}, most {row['most_cpu_ms']:.1f}"
        )
    name = "service-latency-cold" if arguments.cold else "service-latency"
    print("raw numbers:", write_result(name, rows, arguments.quick))


def measured(
    folder: Path, made: Path, seconds: float, newest: int | None = None, *, cold: bool
) -> list[dict[str, Any]]:
    """Milliseconds of the answers to each request, and of all; over a copy of the database `made`.

    Args:
        newest: how many studies are asked about; None for all.
    """
    os.environ["SOAK_EPOCH_SECONDS"] = "0.1"
    service = ServiceProcess(folder, None, slots=2, waiting="")
    shutil.copyfile(made, service.storage)
    storage = open_storage(service.url)
    names = optuna.get_all_study_names(storage)
    users, queue = Users(storage), Queue(storage)
    tokens = [users.add(owner, "user") for owner in OWNERS]
    for number, name in enumerate(names):
        settings = json.dumps({"data": "digits"})
        queue.add(QueuedStudy(name, OWNERS[number % 3], settings, 1000, state=State.FINISHED))
    asked = names if newest is None else names[-newest:]
    ahead = [] if cold else [_read_ahead(service.url, asked)]
    service.start()
    try:
        for name, token in zip(RUNNING, tokens, strict=False):
            status, answer = service.ask("POST", "studies", token, {"study": name, "settings": _RUNNING})
            if status != 201:
                raise SystemExit(answer)
        _wait_for_trials(service, tokens[0])
        asking = [
            User(service.pid, service.port, token, asked, number) for number, token in enumerate(tokens)
        ]
        for one in asking:
            one.start()
        time.sleep(seconds)
        for one in asking:
            one.ended.set()
            one.join()
    finally:
        service.end()
    return [*rows_of([took for user in asking for took in user.took]), *ahead]


def _read_ahead(url: StorageURL, names: list[str]) -> dict[str, Any]:
    """As the service does it, here, before it starts: a row of what it takes for a study."""
    readings, took = Readings(url, open_storage(url), answers_folder(url), most=0), list[Took]()
    for name in names:
        shown = readings.shown(name)
        assert shown is not None
        began, used = time.perf_counter(), time.process_time()
        shown.find_all()
        ms, cpu = 1000 * (time.perf_counter() - began), 1000 * (time.process_time() - used)
        took.append(Took("reading ahead", ms, cpu))
    return described("reading ahead", took)


def _wait_for_trials(service: ServiceProcess, token: str) -> None:
    """Until both studies that run have some."""
    deadline = time.monotonic() + _STARTS_SECONDS
    while any(service.ask("GET", f"studies/{name}", token)[1].get("finished", 0) < 3 for name in RUNNING):
        if time.monotonic() > deadline:
            raise SystemExit(f"no trial ended:\n{service.output.read_text()}")
        time.sleep(1)


def rows_of(took: list[Took]) -> list[dict[str, Any]]:
    """A row for each request that was asked, and one for all."""
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

    def __init__(self, pid: int, port: int, token: str, names: list[str], number: int) -> None:
        super().__init__()
        self.ended = threading.Event()
        self.took: list[Took] = []
        self._pid = pid
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._own = names[number::3]
        self._names = names
        self._chance = random.Random(number)

    def run(self) -> None:
        while not self.ended.wait(_THINKS_SECONDS * self._chance.uniform(0.5, 1.5)):
            (asked,) = self._chance.choices(list(ASKED), ASKED.values())
            self.ask(asked)

    def ask(self, asked: str) -> None:
        """One of the requests, of a study by chance."""
        method, path = asked.split(" ")
        study = self._chance.choice(self._own if method == "PATCH" else self._names)
        body = json.dumps({"note": f"{self._chance.random()}"}) if method == "PATCH" else None
        path = path.format(study, self._chance.choice(RUNNING))
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
