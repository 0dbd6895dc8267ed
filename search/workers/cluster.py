"""The workers of a Dask cluster as a pool that trials are submitted to."""

from __future__ import annotations

import queue
import time
import uuid
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Protocol

from search.workers.messages import EpochEvent, TrialOutcome, TrialTask
from search.workers.pool import WorkerLost
from search.workers.trial import OutOfMemory, TrialBegunBefore, request_stop, run_trial

_ANSWER_SECONDS = 2.0
_FETCH_SECONDS = 30.0
_RESTART_SECONDS = 30.0


class Cluster(Protocol):
    """Worker processes under nannies, each of which runs one trial at a time."""

    def open(self) -> Any:
        """The `distributed.Client` by which they are reached."""

    def addresses(self) -> set[str]:
        """Of those that can be used now. Called often."""

    def close(self) -> None:
        """Let go of them."""


class ClusterWorkers:
    """Runs trials on `cluster`; `TrialWorkers`.

    Each trial is bound to one worker, chosen here: what the scheduler would do by itself, such as to run the trial of
    a lost worker again, is the driver's to decide.

    Args:
        on_epoch: hears of each epoch of each trial.
        most: trials at the same time, where the cluster has more workers.
        recycle_above: bytes above which a worker is replaced when it has ended a trial; so is one that the machine let
            train nothing.
    """

    def __init__(
        self,
        cluster: Cluster,
        on_epoch: Callable[[EpochEvent], None],
        *,
        most: int | None = None,
        recycle_above: int | None = None,
    ) -> None:
        self._cluster = cluster
        self._on_epoch = on_epoch
        self._most = most
        self._recycle_above = recycle_above
        self._addresses: set[str] = set()
        self._swollen: set[str] = set()
        # Being replaced, and since when: their addresses are known for a while after their processes have ended.
        self._leaving: dict[str, float] = {}
        self._replaced: set[str] = set()
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._running: dict[Any, tuple[TrialTask, str]] = {}
        self._waiting: deque[TrialTask] = deque()
        self._never_started: list[tuple[TrialTask, TrialOutcome | WorkerLost]] = []
        # Others may use the same cluster.
        self._topic = f"perceptuna-epochs-{uuid.uuid4().hex}"

    def __enter__(self) -> ClusterWorkers:
        self._client = self._cluster.open()
        try:
            self._client.subscribe_topic(self._topic, self._hear_epoch)
            self._look()
        except BaseException:  # Ctrl-C as well: `__exit__` is not called where this has not returned
            self._cluster.close()
            raise
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._cluster.close()

    @property
    def slots(self) -> int:
        """Trials that can run at the same time; it follows the workers that come and go."""
        return len(self._addresses) if self._most is None else min(self._most, len(self._addresses))

    def submit(self, task: TrialTask) -> None:
        """Start `task` on a free worker; in `collect`, where a dead worker is being replaced right now."""
        self._waiting.append(task)
        self._look()
        self._start_waiting()

    def _look(self) -> None:
        """Which workers are there now, and which of those that are replaced are still to go."""
        self._addresses = self._cluster.addresses()
        late = time.monotonic() - _RESTART_SECONDS
        self._leaving = {
            # One that is there for so long is a new process at the same address.
            address: since
            for address, since in self._leaving.items()
            if address in self._addresses and since > late
        }

    def _start_waiting(self) -> None:
        if self._waiting and self._swollen:
            self._replaced |= self._swollen
            self._restart(sorted(self._swollen))
            self._swollen.clear()
            self._look()
        taken = {address for _, address in self._running.values()}
        free = sorted(self._addresses - taken - self._leaving.keys())
        while self._waiting and free:
            task, address = self._waiting.popleft(), free.pop(0)
            future = self._client.submit(
                _run_and_tell_epochs, task, self._topic, pure=False, workers=[address]
            )
            self._running[future] = task, address
            future.add_done_callback(self._done.put)

    def collect(self, timeout: float) -> list[tuple[TrialTask, TrialOutcome | WorkerLost]]:
        """Trials that ended within `timeout` seconds; waits no longer than for the first."""
        ended = self._never_started + self._lost()
        self._never_started = []
        self._start_waiting()
        if not self._running and not ended:
            # Nobody to wait for: workers may come.
            time.sleep(timeout)
        while self._running:
            try:
                future = self._done.get(timeout=0 if ended else timeout)
            except queue.Empty:
                break
            if future in self._running:
                task, address = self._running.pop(future)
                ended.append((task, self._outcome(future, address)))
                # A result that stays on a worker is computed again when that worker dies.
                future.release()
        return ended

    def _lost(self) -> list[tuple[TrialTask, TrialOutcome | WorkerLost]]:
        """Trials whose worker is gone. The scheduler would wait for one of that address."""
        self._look()
        gone = [future for future, (_, address) in self._running.items() if address not in self._addresses]
        lost: list[tuple[TrialTask, TrialOutcome | WorkerLost]] = []
        for future in gone:
            task, address = self._running.pop(future)
            future.cancel()
            lost.append((task, self._loss(address)))
        return lost

    def _loss(self, address: str) -> TrialOutcome | WorkerLost:
        """What a trial comes to whose worker is gone; where that was replaced, the trial has nothing to do with it."""
        if address in self._replaced:
            # Once: another worker may be at this address by now, and a trial that ends each of its workers has to end.
            self._replaced.discard(address)
            return TrialOutcome("interrupted", reason="its worker was replaced")
        return WorkerLost()

    def _outcome(self, future: Any, address: str) -> TrialOutcome | WorkerLost:
        from distributed import CancelledError, KilledWorker

        while True:
            try:
                ended = future.result(timeout=_FETCH_SECONDS)
            except OutOfMemory:
                self._swollen.add(address)
                return WorkerLost("there was too little memory for it")
            except (KilledWorker, TrialBegunBefore):
                return self._loss(address)
            except CancelledError:
                self._cluster.addresses()  # raises where it is the scheduler that is gone
                return self._loss(address)
            except TimeoutError:
                # Its worker may have died with the result.
                if address not in self._cluster.addresses():
                    future.cancel()
                    return self._loss(address)
                continue
            outcome: TrialOutcome = ended.outcome
            grown = self._recycle_above is not None and ended.resident > self._recycle_above
            # A process that the system refused something may have loaded half of a library.
            if grown or outcome.state == "disturbed":
                self._swollen.add(address)
            return outcome

    def _hear_epoch(self, event: tuple[float, dict[str, Any]]) -> None:
        """Dask hands over the time and the message, to which it adds the worker's address."""
        self._on_epoch(EpochEvent(**event[1]["epoch"]))

    def stop_trials(self) -> None:
        """End all running trials at their next epoch. A worker that does not answer keeps nobody waiting."""
        self._never_started += [(task, TrialOutcome("interrupted")) for task in self._waiting]
        self._waiting.clear()
        for run in {task.job.run for task, _ in self._running.values()}:
            with suppress(TimeoutError):
                self._client.sync(
                    self._client._run,
                    request_stop,
                    run,
                    workers=sorted(self._addresses),
                    on_error="ignore",
                    callback_timeout=_ANSWER_SECONDS,
                )

    def end(self, task: TrialTask) -> None:
        """Replace the worker that runs `task`, whatever it does; `collect` gives WorkerLost."""
        if task in self._waiting:
            self._waiting.remove(task)
            self._never_started.append((task, WorkerLost()))
        self._restart([address for running, address in self._running.values() if running is task])

    def _restart(self, workers: list[str]) -> None:
        """It ends them by SIGKILL when they do not end by themselves within a few seconds."""
        self._leaving |= dict.fromkeys(workers, time.monotonic())
        with suppress(KeyError):  # one of them is gone already
            self._client.restart_workers(workers, timeout=_RESTART_SECONDS, raise_for_error=False)


@dataclass(frozen=True)
class _Ended:
    """How a trial ended on a worker, and the memory that the worker holds afterwards, in bytes."""

    outcome: TrialOutcome
    resident: int


class _Unwanted(Exception):
    """The driver is gone, or takes this worker for lost: nobody waits for the trial."""


def _run_and_tell_epochs(task: TrialTask, topic: str) -> _Ended:
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def tell(event: EpochEvent) -> None:
        known = worker.state.tasks.get(key)
        if known is None or known.state == "cancelled":
            raise _Unwanted
        worker.log_event(topic, {"epoch": asdict(event)})

    return _Ended(run_trial(task, tell), worker.monitor.get_process_memory())
