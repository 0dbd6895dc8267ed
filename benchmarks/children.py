"""A command as a child process, measured whole: wall and CPU seconds and memory of it and all it started."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Self

import psutil

_SAMPLE_SECONDS = 0.25
# Of the time, for looking at memory: what is measured has the cores to itself.
_LOOKING = 0.02
# For a child to end by itself, before it is killed.
_PATIENCE_SECONDS = 10.0
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
    """Run `python`, this one if no other is named, with `arguments` to its end; called by the main thread.

    Raises:
        SystemExit: it failed; with what it wrote to standard error.
        KeyboardInterrupt: by SIGINT or SIGTERM; nothing that it started is left.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    with tempfile.TemporaryFile("w+") as errors, _terminated_as_by_ctrl_c():
        started = time.perf_counter()
        process = subprocess.Popen(
            [python, *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**inherited, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        )
        with _ended_with_this(process), _Peak(process.pid) as peak:
            lines, usage = _to_its_end(process, started)
            wall = time.perf_counter() - started
        if process.returncode:
            errors.seek(0)
            raise SystemExit(
                f"{' '.join(arguments)} ended with {process.returncode}:\n{errors.read()[-4000:]}"
            )
    # Its usage holds that of every process it has waited for.
    return Child(wall, usage.ru_utime + usage.ru_stime, peak.mb, lines)


def _to_its_end(process: subprocess.Popen[str], started: float) -> tuple[list[Line], resource.struct_rusage]:
    assert process.stdout is not None
    lines = [
        Line(time.perf_counter() - started, cpu_of(process.pid), text.rstrip("\n")) for text in process.stdout
    ]
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return lines, usage


@contextmanager
def _terminated_as_by_ctrl_c() -> Iterator[None]:
    """SIGTERM raises KeyboardInterrupt too: by itself it ends this process and leaves the child."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _ended_with_this(process: subprocess.Popen[str]) -> Iterator[None]:
    """Where the block is left before `process` has ended, it is ended, and all that it started."""
    try:
        yield
    except BaseException:
        alive = _tree(process.pid)
        for one in alive:
            with suppress(psutil.Error):
                one.terminate()
        for one in psutil.wait_procs(alive, _PATIENCE_SECONDS)[1]:
            with suppress(psutil.Error):
                one.kill()
        raise


class _Peak:
    """The largest sum that was seen while the block ran."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.mb = 0.0
        self._ended = threading.Event()
        self._sampler = threading.Thread(target=self._sample)

    def __enter__(self) -> Self:
        self._sampler.start()
        return self

    def __exit__(self, *of_error: object) -> None:
        self._ended.set()
        self._sampler.join()

    def _sample(self) -> None:
        wait = _SAMPLE_SECONDS
        while not self._ended.wait(wait):
            began, total = time.perf_counter(), 0
            for process in _tree(self._pid):
                with suppress(psutil.Error):
                    total += process.memory_full_info().pss
            self.mb = max(self.mb, total / 1e6)
            wait = max(_SAMPLE_SECONDS, (time.perf_counter() - began) / _LOOKING)


def cpu_of(pid: int) -> float:
    """Seconds that a process, all that it has started, and what they have waited for have used."""
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
