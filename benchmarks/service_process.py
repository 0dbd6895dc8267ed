"""A service whose studies have trials that cost nothing, in a process: to be asked, killed and started again.

python -m benchmarks.service_process STORAGE PORT SLOTS MODULE WAITING DATA
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from search.service.folders import FOLDER_SETTING, service_folder
from storage import StorageURL

ROOT = Path(__file__).parents[1]


class ServiceProcess:
    """The service over a database, started again and again on one port.

    Args:
        folder: where its output, its files and, unless `url` names another, its database are.
        cache: of prepared data; None for the user's own.
        module: what its drivers run; trials of `benchmarks.soak_driver` cost nothing.
        waiting: what a driver runs that is started before there is a study; empty for none.
        data: the folder of data, where there is one.
    """

    def __init__(
        self,
        folder: Path,
        cache: Path | None,
        *,
        slots: int,
        module: str = "benchmarks.soak_driver",
        waiting: str = "benchmarks.soak_waiting",
        data: Path | None = None,
        url: StorageURL | None = None,
    ) -> None:
        self.folder = folder
        self.url = url or StorageURL.of_file(self.storage)
        self._cache = cache
        self.port = free_port()
        self._slots = slots
        self._module = module
        self._waiting = waiting
        self._data = data
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def storage(self) -> Path:
        return self.folder / "studies.db"

    @property
    def output(self) -> Path:
        return self.folder / "service.txt"

    @property
    def files(self) -> Path:
        """The service's folder."""
        return self.folder / "service" if self.url.sqlite_path is None else service_folder(self.url)

    def start(self) -> None:
        """And wait until it answers."""
        environment = {"PYTHONPATH": str(ROOT), FOLDER_SETTING: str(self.files)}
        if self._cache is not None:
            environment["PERCEPTUNA_CACHE"] = str(self._cache)
        words = [self.url.full, str(self.port), str(self._slots), self._module, self._waiting]
        words.append(str(self._data or ""))
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.service_process", *words],
                cwd=ROOT,
                env=os.environ | environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise SystemExit(f"the service ended:\n{self.output.read_text()}")
            with suppress(OSError):
                if self.ask("GET", "health", token="")[0] == 200:
                    return
            time.sleep(0.1)
        raise SystemExit(f"the service does not answer:\n{self.output.read_text()}")

    def ask(self, method: str, path: str, token: str, given: Any = None) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        status, body = self.answer(method, path, token, given)
        return status, json.loads(body or b"null")

    def answer(self, method: str, path: str, token: str, given: Any = None) -> tuple[int, bytes]:
        """Status and body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            body = None if given is None else json.dumps(given)
            connection.request(method, f"/api/v1/{path}", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """At once; its drivers stay."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def end(self) -> int:
        """As an operator does it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(120)

    def drivers(self) -> dict[str, list[psutil.Process]]:
        """The drivers of this database's studies, whoever started them, by study: who writes to its file of events."""
        studies = self.files / "studies"
        found: dict[str, list[psutil.Process]] = {}
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                words = process.cmdline()
                if process.status() == psutil.STATUS_ZOMBIE or not {self._module, self._waiting} & {*words}:
                    continue
                events = Path(os.readlink(f"/proc/{process.pid}/fd/1"))
                if events.is_relative_to(studies):
                    found.setdefault(events.parent.name, []).append(process)
        return found


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def main() -> None:
    from search.machine.interruption import heed_signals
    from search.service.serve import serve

    heed_signals()
    storage, port, slots, module, waiting, data = sys.argv[1:]
    serve(
        StorageURL.parse(storage),
        host="127.0.0.1",
        port=int(port),
        slots=int(slots),
        data=Path(data) if data else None,
        largest_upload=10**6,
        say=lambda remark: print(remark, flush=True),
        warm=bool(waiting),
        module=module,
        waiting=waiting,
    )


if __name__ == "__main__":
    main()
