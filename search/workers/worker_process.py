"""One worker process of this machine, as its driver sees it: a socket to it, and the trial that it trains."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from search.workers.messages import Beginning, Ready, TrialTask

_ROOT = Path(__file__).parents[2]
# A worker that is frozen in the midst of a message is given up.
_MESSAGE_SECONDS = 60
# For a worker to end by itself: all that it had to tell has been told.
_END_SECONDS = 10.0


class WorkerProcess:
    """A process that runs `module`, and ends when this process ends or lets go of it.

    Attributes:
        task: the trial that it has.
        is_ready: it has begun, and can be given one.
        is_swollen: another shall take its place before it is given a trial.

    Raises:
        OSError: the system starts none.
    """

    def __init__(self, beginning: Beginning, module: str = "search.workers.serving") -> None:
        self.task: TrialTask | None = None
        self.is_ready = False
        self.is_swollen = False
        ours, theirs = socket.socketpair()
        with theirs, _signals_held_back():
            try:
                self._process = subprocess.Popen(
                    # Without the current folder among its modules until it is told where modules are.
                    [sys.executable, "-P", "-m", module, str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    env=_environment(beginning.threads),
                    pass_fds=[theirs.fileno()],
                )
            except BaseException:
                ours.close()
                raise
        _limit_waits(ours)
        self.line: Connection[Any, Any] = Connection(ours.detach())
        self.tell(beginning)

    @property
    def pid(self) -> int:
        return self._process.pid

    def give(self, task: TrialTask) -> None:
        """Have it train `task`."""
        self.task = task
        self.tell(task)

    def tell(self, message: object) -> None:
        """Send it a message, which is lost where the process is."""
        try:
            self.line.send(message)
        except OSError:
            self._process.kill()

    def heard(self) -> Iterator[Any]:
        """What it has said since; does not wait. Ready is taken in, and comes too."""
        with suppress(EOFError, OSError):
            while self.line.poll():
                message = self.line.recv()
                if isinstance(message, Ready):
                    self.is_ready = True
                yield message
            return
        self._process.kill()  # nothing more can come of it

    def is_gone(self) -> bool:
        """Whether it has ended. What it said before can still be heard."""
        return self._process.poll() is not None

    def let_go(self) -> None:
        """It ends by itself, unless it is frozen; `end` waits for that."""
        with suppress(OSError):
            self.line.close()

    def kill(self) -> None:
        """End it at once."""
        self.let_go()
        self._process.kill()
        self._process.wait()

    def end(self, until: float) -> None:
        """Wait for it, which was let go of, until that time of the monotonic clock; then kill it."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, until - time.monotonic()))
        self.kill()


def end_all(processes: list[WorkerProcess]) -> None:
    """They end by themselves, at the same time; who does not is killed."""
    for one in processes:
        one.let_go()
    until = time.monotonic() + _END_SECONDS
    for one in processes:
        one.end(until)


def _environment(threads: int) -> dict[str, str]:
    """Of a worker, set before it starts: libraries read their thread counts when they load."""
    counts = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    return {
        **os.environ,
        **dict.fromkeys(counts, str(threads)),
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONPATH": path,
    }


def _limit_waits(line: socket.socket) -> None:
    """Waiting in the midst of a message ends with an OSError."""
    seconds = struct.pack("ll", _MESSAGE_SECONDS, 0)
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        line.setsockopt(socket.SOL_SOCKET, option, seconds)


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Ctrl-C in a terminal, and its end, reach every process of the group. They are meant for the driver alone.

    A blocked signal stays blocked in the processes that are started meanwhile.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
