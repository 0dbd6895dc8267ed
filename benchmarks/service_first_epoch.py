"""How long a study takes from being asked for to the end of its first epoch: by a command, and by a service.

    python -m benchmarks.service_first_epoch [--quick]

Of digits, with the space `small`. The command is a fresh process; the services have been started before, one with a
driver that waits for its study (`warm`), one without (`cold`). Each is asked in turn, after a round that is not
counted. The end of the first epoch is the moment at which its value is in the database. CPU seconds are of all
processes of that way, from the question to that moment; the machine may be shared.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil

from benchmarks.children import cpu_of
from benchmarks.measure import command_line, spread, write_result
from benchmarks.service_process import ServiceProcess
from search.service.users import Users
from storage import StorageURL, open_storage

_STUDY = {"data": "digits", "space": "small", "trials": 4, "epochs": 40, "workers": 2}
_LOOK_SECONDS = 0.005
_LONGEST_SECONDS = 120.0


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--rounds", type=int)
    arguments = parser.parse_args()
    rounds = arguments.rounds or (1 if arguments.quick else 7)
    with tempfile.TemporaryDirectory() as folder:
        rows = measured(Path(folder), rounds)
    for row in rows:
        print(f"{row['way']:>8}: {spread(row['wall'])} s, {spread(row['cpu'])} CPU s", flush=True)
    print(f"waiting: {rows[-1]['waiting_mb']:.0f} MB of the driver that waits and its worker")
    print("raw numbers:", write_result("service-first-epoch", rows, arguments.quick))


def measured(folder: Path, rounds: int) -> list[dict[str, Any]]:
    """Wall and CPU seconds by each way, rounds interleaved."""
    command = Command(folder / "command")
    cold, warm = (Served(folder / name, warm=name == "warm") for name in ("cold", "warm"))
    ways: dict[str, Callable[[str], tuple[float, float]]] = {
        "command": command.first_epoch,
        "cold": cold.first_epoch,
        "warm": warm.first_epoch,
    }
    figures: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    waiting = []
    try:
        for number in range(rounds + 1):
            for way, first_epoch in ways.items():
                warm.settled()
                waiting.append(warm.waiting_mb())
                took = first_epoch(f"study-{number}")
                if number:
                    figures[way].append(took)
    finally:
        cold.service.end()
        warm.service.end()
    rows: list[dict[str, Any]] = [
        {"way": way, "wall": [one[0] for one in took], "cpu": [one[1] for one in took]}
        for way, took in figures.items()
    ]
    rows[-1]["waiting_mb"] = statistics.median(waiting)
    return rows


class Command:
    """`perceptuna run`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._storage = folder / "studies.db"

    def first_epoch(self, study: str) -> tuple[float, float]:
        """Wall and CPU seconds; the command is ended then."""
        known = values_in(self._storage)
        options = [word for name, value in _STUDY.items() for word in (f"--{name}", str(value))]
        words = ["run", study, *options, "--storage", str(self._storage), "--json"]
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "search", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(lambda: values_in(self._storage) > known)
        wall, cpu = time.monotonic() - began, cpu_of(process.pid)
        process.send_signal(signal.SIGTERM)
        process.wait()
        return wall, cpu


class Served:
    """A service of its own, `warm` or not."""

    def __init__(self, folder: Path, *, warm: bool) -> None:
        folder.mkdir()
        self.service = ServiceProcess(
            folder, None, slots=2, module="search", waiting="search.waiting" if warm else ""
        )
        self._warm = warm
        url = StorageURL.of_file(self.service.storage)
        self._token = Users(open_storage(url, create=True)).add("anna", "user")
        self.service.start()

    def first_epoch(self, study: str) -> tuple[float, float]:
        """Wall and CPU seconds; the study is cancelled then, and its driver is gone."""
        known, used = values_in(self.service.storage), cpu_of(self.service.pid)
        began = time.monotonic()
        status, answer = self._ask("POST", "studies", {"study": study, "settings": _STUDY})
        if status != 201:
            raise SystemExit(f"{status}: {answer}")
        wait_for(lambda: values_in(self.service.storage) > known)
        took = time.monotonic() - began, cpu_of(self.service.pid) - used
        self._ask("POST", f"studies/{study}/cancel")
        wait_for(lambda: self._ask("GET", f"studies/{study}")[1]["state"] == "cancelled")
        return took

    def settled(self) -> None:
        """Wait until a driver waits."""
        if self._warm:
            wait_for(lambda: b"drivers_ready 1" in self.service.answer("GET", "metrics", self._token)[1])

    def waiting_mb(self) -> float:
        """Of the processes that wait, what they share counted once."""
        return sum(
            one.memory_full_info().pss / 1e6
            for child in psutil.Process(self.service.pid).children()
            for one in [child, *child.children(recursive=True)]
        )

    def _ask(self, method: str, path: str, given: Any = None) -> tuple[int, Any]:
        return self.service.ask(method, path, self._token, given)


def values_in(database: Path) -> int:
    """Values of epochs that trials have reported there."""
    if database.exists():
        with (
            suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection,
        ):
            return int(connection.execute("SELECT count(*) FROM trial_intermediate_values").fetchone()[0])
    return 0


def wait_for(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not there():
        if time.monotonic() > deadline:
            raise SystemExit(f"nothing came within {_LONGEST_SECONDS:.0f} s")
        time.sleep(_LOOK_SECONDS)


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    main()
