"""Processes of the soak: commands that are started, and commands that are forked, which costs no imports."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Protocol

from benchmarks import soak_driver

# What a command of `soak_driver` imports by and by.
_IMPORTED = (
    "alembic.script",
    "benchmarks.soak_driver",
    "search.analysis.facts.leaderboard",
    "search.analysis.terminal.study",
    "search.cli",
    "search.commands.concluding",
    "search.commands.studies",
    "search.data.preparing.prepared",
    "search.driving.driver",
    "search.running.resume",
    "search.running.start",
)
_POLL_SECONDS = 0.02
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(list(_IMPORTED))
# The processes of `multiprocessing` may be asked about by one thread at a time.
_lock = threading.Lock()


class Running(Protocol):
    """As `subprocess.Popen`."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...


class Forked:
    """A command of `soak_driver`, forked of a process that has imported what it needs."""

    def __init__(self, words: list[str], output: Path, environment: dict[str, str]) -> None:
        arguments = (words, str(output), environment)
        output.touch()
        self._process = _context.Process(target=soak_driver.forked, args=arguments)
        with _lock:
            self._process.start()
        self.pid = self._process.pid or 0

    def poll(self) -> int | None:
        with _lock:
            return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("the command", timeout or 0.0)
            time.sleep(_POLL_SECONDS)
        return code


def started(module: str, words: list[str], output: Path, environment: dict[str, str]) -> Running:
    """A command whose output goes to a file."""
    if module == "benchmarks.soak_driver":
        return Forked(words, output, environment)
    with output.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-m", module, *words],
            env=os.environ | environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
