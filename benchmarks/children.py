"""A command as a child process, measured whole: wall and CPU seconds and memory of it and all it started."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

_SAMPLE_SECONDS = 0.25
# Without bytecode each start of TensorFlow compiles thousands of files anew: that would be measured, not the start.
_LEFT_OUT = ("PYTHONDONTWRITEBYTECODE",)


@dataclass(frozen=True)
class Line:
    """A line of standard output: when it came, and what the processes had used by then, in seconds."""

    wall: float
    cpu: float
    text: str


@dataclass(frozen=True)
class Child:
    """A command that has ended. Seconds count from its start; `peak_mb` is the sum over the processes alive at
    one time, memory that several of them share counted once (proportional set size).
    """

    wall: float
    cpu: float
    peak_mb: float
    lines: list[Line]


def run_child(arguments: list[str], *, python: str = sys.executable, **environment: str) -> Child:
    """Run `python`, this one if no other is named, with `arguments` to its end.

    Raises:
        SystemExit: it failed; with what it wrote to standard error.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    with tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            [python, *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**inherited, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        )
        peak, ended = _Peak(process.pid), threading.Event()
        sampler = threading.Thread(target=peak.sample_until, args=(ended,))
        sampler.start()
        assert process.stdout is not None
        lines = [
            Line(time.perf_counter() - started, _cpu_of(process.pid), text.rstrip("\n"))
            for text in process.stdout
        ]
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        ended.set()
        sampler.join()
        if process.returncode:
            errors.seek(0)
            raise SystemExit(
                f"{' '.join(arguments)} ended with {process.returncode}:\n{errors.read()[-4000:]}"
            )
    # Its usage holds that of every process it has waited for.
    return Child(wall, usage.ru_utime + usage.ru_stime, peak.mb, lines)


class _Peak:
    """The largest sum that was seen."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.mb = 0.0

    def sample_until(self, ended: threading.Event) -> None:
        while not ended.wait(_SAMPLE_SECONDS):
            total = 0
            for process in _tree(self._pid):
                with suppress(psutil.Error):
                    total += process.memory_full_info().pss
            self.mb = max(self.mb, total / 1e6)


def _cpu_of(pid: int) -> float:
    total = 0.0
    for process in _tree(pid):
        with suppress(psutil.Error):
            used = process.cpu_times()
            total += used.user + used.system + used.children_user + used.children_system
    return total


def _tree(pid: int) -> list[psutil.Process]:
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []
