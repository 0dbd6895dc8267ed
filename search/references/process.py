"""Starts the process that fits reference models, hears from it without waiting, and ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from search.machine.lacking import lacking
from search.references.record import Reference, ReferenceName

if TYPE_CHECKING:
    from search.references.job import Job

_ROOT = Path(__file__).parents[2]
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_READ_BYTES = 65_536
_LOOK_SECONDS = 0.05

PATIENCE_SECONDS = 600.0
"""On the clock, that is waited for what is not fitted yet."""


class Process(Protocol):
    """A process that has its job."""

    def read(self) -> bytes:
        """What it has said since; does not wait."""
        ...

    def ended(self) -> str | None:
        """How it ended, in words; None while it runs."""
        ...

    def close(self) -> None:
        """End it at once."""
        ...


class _ReferenceProcess:
    def __init__(self, job: Job) -> None:
        path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            # Without the current folder among its modules: a user's file may be called as one of them.
            [sys.executable, "-P", "-m", "search.references"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_ONE_THREAD, "PYTHONPATH": path},
            # Ctrl-C in a terminal is meant for the driver alone.
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._said = self._process.stdout.fileno()
        os.set_blocking(self._said, False)
        with suppress(BrokenPipeError):  # it has ended already
            self._process.stdin.write(job.model_dump_json().encode() + b"\n")
            self._process.stdin.flush()

    def read(self) -> bytes:
        said = b""
        with suppress(BlockingIOError):
            while more := os.read(self._said, _READ_BYTES):
                said += more
        return said

    def ended(self) -> str | None:
        code = self._process.poll()
        if code is None:
            return None
        return f"exit code {code}" if code >= 0 else f"signal {-code}, {signal.strsignal(-code)}"

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                assert pipe is not None
                pipe.close()


class Fitting:
    """Has the models of a job fitted in a process of their own. One that dies is replaced once for each model.

    Args:
        start: starts a process with a job.
    """

    def __init__(self, job: Job, start: Callable[[Job], Process] = _ReferenceProcess) -> None:
        self._job, self._start = job, start
        self._left = list(job.names)
        self._died: set[ReferenceName] = set()
        self._heard = b""
        self._process: Process | None = None

    @property
    def left(self) -> tuple[ReferenceName, ...]:
        """Those that are still to come."""
        return tuple(self._left)

    def collect(self) -> list[Reference]:
        """What is new: models that are ready, and those that are given up, with the reason. Does not wait."""
        if not self._left:
            return []
        if self._process is None and (refused := self._begin()):
            return self.give_up(refused)
        assert self._process is not None
        ended = self._process.ended()  # before what it said last is read
        *lines, self._heard = (self._heard + self._process.read()).split(b"\n")
        found = [reference for line in lines for reference in self._understood(line)]
        if self._left and ended is not None:
            found += self._replaced(ended)
        if not self._left:
            self.close()
        return found

    def wait(self, seconds: float = PATIENCE_SECONDS) -> list[Reference]:
        """All of them; what takes longer than `seconds` on the clock is given up."""
        found: list[Reference] = []
        until = time.monotonic() + seconds
        while self._left and time.monotonic() < until:
            found += self.collect()
            time.sleep(_LOOK_SECONDS if self._left else 0)
        return found + self.give_up(f"not finished within {seconds:,.0f} s")

    def give_up(self, reason: str) -> list[Reference]:
        """End the process; what is left has this reason."""
        self.close()
        given_up = [Reference(name=name, reason=reason) for name in self._left]
        self._left.clear()
        return given_up

    def close(self) -> None:
        """End the process. What is left can be fitted another time."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _begin(self) -> str | None:
        """Why the system starts no process; None where it does."""
        self._heard = b""
        try:
            self._process = self._start(self._job.model_copy(update={"names": self.left}))
        except OSError as error:
            return f"no process could be started: {lacking(error)}"
        return None

    def _understood(self, line: bytes) -> list[Reference]:
        said = json.loads(line)
        if "failed" in said:
            return self.give_up(said["failed"])
        reference = Reference.model_validate(said)
        self._left.remove(reference.name)
        return [reference]

    def _replaced(self, ended: str) -> list[Reference]:
        """The model that the process died of, where it did so before; others go on in another."""
        self.close()
        name = self._left[0]
        if name not in self._died:
            self._died.add(name)
            return []
        self._left.remove(name)
        return [Reference(name=name, reason=f"its process ended twice ({ended})")]
