"""A service whose studies have trials that cost nothing, in a process: to be asked, killed and started again.

python -m benchmarks.service_process STORAGE PORT SLOTS
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]


class ServiceProcess:
    """The service over the database in `folder`, started again and again on one port.

    Args:
        module: what its drivers run; trials of `benchmarks.soak_driver` cost nothing.
    """

    def __init__(
        self, folder: Path, cache: Path, port: int, slots: int, module: str = "benchmarks.soak_driver"
    ) -> None:
        self.folder = folder
        self._cache = cache
        self._port = port
        self._slots = slots
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def storage(self) -> Path:
        return self.folder / "studies.db"

    @property
    def output(self) -> Path:
        return self.folder / "service.txt"

    def start(self) -> None:
        """And wait until it answers."""
        environment = {"PERCEPTUNA_CACHE": str(self._cache), "PYTHONPATH": str(ROOT)}
        words = [str(self.storage), str(self._port), str(self._slots), self._module]
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
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            body = None if given is None else json.dumps(given)
            connection.request(method, f"/api/v1/{path}", body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

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
        """The drivers of this database's studies, whoever started them, by study."""
        found: dict[str, list[psutil.Process]] = {}
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                words = process.cmdline()
                if process.status() == psutil.STATUS_ZOMBIE or self._module not in words:
                    continue
                if str(self.storage) in process.environ().get("PERCEPTUNA_STORAGE", ""):
                    place = words.index(self._module)
                    found.setdefault(words[place + 2], []).append(process)
        return found


def main() -> None:
    from search.machine.interruption import heed_signals
    from search.service.serve import serve
    from storage import StorageURL

    heed_signals()
    storage, port, slots, module = sys.argv[1:]
    serve(
        StorageURL.parse(storage),
        host="127.0.0.1",
        port=int(port),
        slots=int(slots),
        data=None,
        largest_upload=10**6,
        say=lambda remark: print(remark, flush=True),
        module=module,
    )


if __name__ == "__main__":
    main()
