"""The worker processes of this machine as a pool that trials are submitted to."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from types import TracebackType

from search.workers.local import LocalWorkers
from search.workers.messages import Ended, EpochEvent, Stop, TrialOutcome, TrialTask
from search.workers.pool import WorkerLost
from search.workers.trial import OutOfMemory, TrialBegunBefore
from search.workers.worker_process import WorkerProcess

_EndedTrial = tuple[TrialTask, TrialOutcome | WorkerLost]


class LocalPool:
    """Runs trials on `here`; `TrialWorkers`. All happens in `collect`, in the thread that calls it.

    Args:
        on_epoch: hears of each epoch of each trial.
        most: trials at the same time, where there are more workers.
        recycle_above: bytes above which a worker that has ended a trial is replaced before it is given another; so is
            one that the machine let train nothing.
    """

    def __init__(
        self,
        here: LocalWorkers,
        on_epoch: Callable[[EpochEvent], None],
        *,
        most: int | None = None,
        recycle_above: int | None = None,
    ) -> None:
        self._here = here
        self._on_epoch = on_epoch
        self._most = most
        self._recycle_above = float("inf") if recycle_above is None else recycle_above
        self._waiting: deque[TrialTask] = deque()
        self._ended: list[_EndedTrial] = []

    def __enter__(self) -> LocalPool:
        try:
            self._here.open()
        except BaseException:  # Ctrl-C as well: `__exit__` is not called where this has not returned
            self._here.close()
            raise
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._here.close()

    @property
    def slots(self) -> int:
        """Trials that can run at the same time; it follows the workers that come and go."""
        ready = sum(one.is_ready for one in self._here.processes)
        return ready if self._most is None else min(self._most, ready)

    def submit(self, task: TrialTask) -> None:
        """Start `task` on a free worker; in `collect`, where a dead worker is being replaced right now."""
        self._waiting.append(task)
        self._start_waiting()

    def _start_waiting(self) -> None:
        free = [one for one in self._here.processes if one.is_ready and one.task is None]
        if len(self._waiting) > sum(not one.is_swollen for one in free):
            for one in free:
                if one.is_swollen:
                    self._here.replace(one)
        for one in free:
            if self._waiting and not one.is_swollen:
                one.give(self._waiting.popleft())

    def collect(self, timeout: float) -> list[_EndedTrial]:
        """Trials that ended within `timeout` seconds; waits no longer than for the first, or for a worker to come."""
        until, slots = time.monotonic() + timeout, self.slots
        while True:
            left = 0.0 if self._ended else max(0.0, until - time.monotonic())
            for worker, message in self._here.heard(left):
                self._take(worker, message)
            self._start_waiting()
            if self._ended or self.slots != slots or time.monotonic() >= until:
                ended, self._ended = self._ended, []
                return ended

    def _take(self, worker: WorkerProcess, message: object) -> None:
        match message:
            case EpochEvent():
                self._on_epoch(message)
            case Ended():
                task, worker.task = worker.task, None
                assert task is not None
                self._ended.append((task, self._outcome(worker, message)))
            case None if worker.task is not None:
                self._ended.append((worker.task, WorkerLost()))

    def _outcome(self, worker: WorkerProcess, ended: Ended) -> TrialOutcome | WorkerLost:
        if isinstance(ended.error, OutOfMemory):
            worker.is_swollen = True
            return WorkerLost("there was too little memory for it")
        if isinstance(ended.error, TrialBegunBefore):
            return WorkerLost()
        if ended.error is not None:
            raise ended.error
        assert ended.outcome is not None
        # A process that the system refused something may have loaded half of a library.
        worker.is_swollen |= ended.resident > self._recycle_above or ended.outcome.state == "disturbed"
        return ended.outcome

    def stop_trials(self) -> None:
        """End all running trials at their next epoch."""
        self._ended += [(task, TrialOutcome("interrupted")) for task in self._waiting]
        self._waiting.clear()
        for one in self._here.processes:
            if one.task is not None:
                one.tell(Stop(one.task.job.run))

    def end(self, task: TrialTask) -> None:
        """Replace the worker that runs `task`, whatever it does."""
        if task in self._waiting:
            self._waiting.remove(task)
            self._ended.append((task, WorkerLost()))
        for one in [*self._here.processes]:
            if one.task is task:
                self._here.replace(one)
                self._ended.append((task, WorkerLost()))
