"""A worker process of this machine: it trains what its driver says, and ends with it.

    python -m search.workers.serving FILE      (the descriptor of a socket to the driver)

TensorFlow is imported in the main thread, where that takes half of the time; another thread listens meanwhile.
"""

from __future__ import annotations

import gc
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any

from search.workers.messages import Beginning, Ended, EpochEvent, LetGo, Ready, Stop, TrialOutcome, TrialTask

Train = Callable[[TrialTask, Callable[[EpochEvent], None]], TrialOutcome]

_LOOK_SECONDS = 0.1


def main() -> None:
    """Serve the driver whose socket is named in the command line."""
    serve(_train, _prepare)


def _prepare(threads: int) -> None:
    from search.workers.trial import get_ready

    get_ready(threads)


def _train(task: TrialTask, tell: Callable[[EpochEvent], None]) -> TrialOutcome:
    from search.workers.trial import run_trial

    return run_trial(task, tell)


def serve(train: Train, prepare: Callable[[int], None]) -> None:
    """Train by `train` until the driver lets go of this process.

    Args:
        prepare: called first, with the threads of TensorFlow.
    """
    line: Connection[Any, Any] = Connection(int(sys.argv[1]))
    beginning = line.recv()
    assert isinstance(beginning, Beginning)
    sys.path[:] = beginning.path
    line.send(Ready())
    listener = _Listener(line, beginning.memory_limit)
    listener.start()
    gc.disable()
    with suppress(Exception):  # a trial will meet it too, and tell it
        prepare(beginning.threads)
    # What was imported stays, and is not looked through again and again.
    gc.freeze()
    gc.enable()
    while (task := listener.next()) is not None:
        ended = _ended(task, train, line.send)
        listener.trained()
        try:
            line.send(ended)
        except OSError:  # nobody waits for it
            return


def _ended(task: TrialTask, train: Train, tell: Callable[[EpochEvent], None]) -> Ended:
    try:
        outcome = train(task, tell)
    except Exception as error:
        return Ended(None, _portable(error), resident_bytes())
    return Ended(outcome, None, resident_bytes())


def _portable(error: Exception) -> Exception:
    """It with its traceback in words, or in words alone where it cannot be sent."""
    error.add_note(traceback.format_exc())
    try:
        ForkingPickler.loads(ForkingPickler.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def resident_bytes() -> int:
    """Memory that this process holds."""
    import psutil

    return int(psutil.Process().memory_info().rss)


class _Listener(threading.Thread):
    """Hears the driver while the main thread trains, and sees that this process keeps its limit."""

    def __init__(self, line: Connection[Any, Any], memory_limit: int | None) -> None:
        super().__init__(name="perceptuna listener", daemon=True)
        self._line = line
        self._limit = memory_limit
        self._tasks: queue.SimpleQueue[TrialTask | None] = queue.SimpleQueue()
        self._training = False

    def next(self) -> TrialTask | None:
        """The next trial; None when there will be none."""
        return self._tasks.get()

    def trained(self) -> None:
        """Nothing is lost any more where this process ends."""
        self._training = False

    def run(self) -> None:
        try:
            while True:
                self._wait()
                self._hear(self._line.recv())
        except (EOFError, OSError):
            if self._training:
                os._exit(1)  # who drives next takes this trial for an orphan, which must not write any more
            self._tasks.put(None)

    def _wait(self) -> None:
        if self._limit is None:
            return
        while not self._line.poll(_LOOK_SECONDS):
            if resident_bytes() > self._limit:
                os.kill(os.getpid(), signal.SIGKILL)

    def _hear(self, message: object) -> None:
        from search.workers.trial import let_go, request_stop

        match message:
            case TrialTask():
                self._training = True
                self._tasks.put(message)
            case Stop(run):
                request_stop(run)
            case LetGo():
                let_go()


if __name__ == "__main__":
    main()
