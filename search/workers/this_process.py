"""Trials in the process that drives the study, by a thread of it: no worker has to start, and nothing is isolated."""

from __future__ import annotations

import queue
import threading
import uuid
from collections.abc import Callable
from types import TracebackType

from search.workers.messages import EpochEvent, TrialOutcome, TrialTask
from search.workers.pool import WorkerLost
from search.workers.trial import OutOfMemory, TrialBegunBefore, let_go, request_stop, run_trial

# A trial that was not asked to end in time is left behind.
_END_SECONDS = 5.0

Ended = tuple[TrialTask, TrialOutcome | BaseException]


class ThisProcess:
    """Stands where a fleet of worker processes would; `threads` are TensorFlow's, where it has not started yet."""

    def __init__(self, threads: int) -> None:
        self.run = uuid.uuid4().hex
        self.threads = threads


class WorkersHere:
    """One trial at a time, by the code that a worker process runs; `search.workers.pool.TrialWorkers`.

    A trial that hangs cannot be ended: it is left behind in its thread, and another thread takes the next. A crash
    inside TensorFlow, or the system's killer for want of memory, ends the whole program.
    """

    slots = 1

    def __init__(self, here: ThisProcess, on_epoch: Callable[[EpochEvent], None]) -> None:
        self._here = here
        self._on_epoch = on_epoch
        self._done: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self._thread: _TrainingThread | None = None
        self._lost: list[tuple[TrialTask, WorkerLost]] = []

    def __enter__(self) -> WorkersHere:
        from search.machine.tensorflow_start import start_tensorflow

        # Not in the thread that trains: meanwhile nothing reaches standard error.
        start_tensorflow(self._here.threads)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        request_stop(self._here.run)
        if self._thread is not None:
            self._thread.join(_END_SECONDS)
        let_go()

    def submit(self, task: TrialTask) -> None:
        """Start `task`, once the one before has ended."""
        if self._thread is not None:
            self._thread.join()
        self._thread = _TrainingThread(task, self._on_epoch, self._done)
        self._thread.start()

    def collect(self, timeout: float) -> list[tuple[TrialTask, TrialOutcome | WorkerLost]]:
        """The trial that ended within `timeout` seconds."""
        if self._lost:
            lost, self._lost = self._lost, []
            return [*lost]
        try:
            task, ended = self._done.get(timeout=timeout)
        except queue.Empty:
            return []
        if self._thread is None or task is not self._thread.task:
            return []  # it was left behind
        if isinstance(ended, OutOfMemory):
            return [(task, WorkerLost("there was too little memory for it"))]
        if isinstance(ended, TrialBegunBefore):
            return [(task, WorkerLost())]
        if isinstance(ended, BaseException):
            raise ended
        return [(task, ended)]

    def stop_trials(self) -> None:
        """End the running trial at its next epoch."""
        request_stop(self._here.run)

    def end(self, task: TrialTask) -> None:
        """Leave `task` behind, whatever it does; `collect` gives WorkerLost."""
        if self._thread is not None and self._thread.task is task:
            self._thread.leave()
            self._thread = None
            self._lost.append((task, WorkerLost()))


class _Unwanted(Exception):
    """The driver has left this trial behind."""


class _TrainingThread(threading.Thread):
    """Trains one trial, and says how it ended."""

    def __init__(
        self, task: TrialTask, on_epoch: Callable[[EpochEvent], None], done: queue.SimpleQueue[Ended]
    ) -> None:
        super().__init__(name=f"perceptuna trial {task.number}", daemon=True)
        self.task = task
        self._on_epoch = on_epoch
        self._done = done
        self._left = False

    def leave(self) -> None:
        """It ends at its next epoch, should it come to one."""
        self._left = True

    def run(self) -> None:
        ended: TrialOutcome | BaseException
        try:
            ended = run_trial(self.task, self._tell)
        except BaseException as error:  # told to the driver
            ended = error
        self._done.put((self.task, ended))

    def _tell(self, event: EpochEvent) -> None:
        if self._left:
            raise _Unwanted
        self._on_epoch(event)
