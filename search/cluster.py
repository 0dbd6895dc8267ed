"""Worker processes for trials, by Dask: one path from a laptop to a cluster."""

from __future__ import annotations

import logging
import queue
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from multiprocessing import resource_tracker
from types import TracebackType
from typing import TYPE_CHECKING, Any

from search.trial import EpochEvent, TrialBegunBefore, TrialOutcome, TrialTask, request_stop, run_trial

if TYPE_CHECKING:
    from distributed import LocalCluster

_EPOCHS = "perceptuna-epochs"
_ANSWER_SECONDS = 2.0
_RESTART_SECONDS = 30.0
_START_TRIES = 3


class WorkerLost(Exception):
    """The process that ran a trial died."""


class Workers:
    """`slots` single-trial processes on this machine, replaced when they die. A context manager.

    Connections stay on 127.0.0.1 and are encrypted by certificates made for this run alone.

    Args:
        memory_limit: bytes above which a worker is killed at once; its trial is lost.
        recycle_above: bytes above which a worker is replaced when it has ended a trial.
    """

    def __init__(
        self,
        slots: int,
        threads: int,
        on_epoch: Callable[[EpochEvent], None],
        *,
        memory_limit: int | None = None,
        recycle_above: int | None = None,
    ) -> None:
        self.slots = slots
        self._threads = threads
        self._on_epoch = on_epoch
        self._memory_limit = memory_limit
        self._recycle_above = recycle_above
        self._swollen: set[str] = set()
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._tasks: dict[Any, TrialTask] = {}

    def __enter__(self) -> Workers:
        import dask
        from distributed import Client

        # The driver decides on retries, so the scheduler must not repeat a lost trial by itself.
        dask.config.set(
            {
                "distributed.scheduler.allowed-failures": 0,
                "distributed.comm.timeouts.connect": "60s",
                # On a busy machine a new worker takes longer to start than the 15 s after which Dask gives it up.
                "distributed.deploy.lost-worker-timeout": "300s",
                # A trial's memory is TensorFlow's: nothing to spill, and a worker that pauses would hang.
                "distributed.worker.memory.target": False,
                "distributed.worker.memory.spill": False,
                "distributed.worker.memory.pause": False,
                "distributed.worker.memory.terminate": 1.0,
                "distributed.nanny.pre-spawn-environ": _environment(self._threads),
            }
        )
        self._folder = tempfile.TemporaryDirectory(prefix="perceptuna-", ignore_cleanup_errors=True)
        with _ctrl_c_held_back():
            self._cluster = self._start_cluster()
            self._client = Client(self._cluster)
        self._client.subscribe_topic(_EPOCHS, self._hear_epoch)
        return self

    def _start_cluster(self) -> LocalCluster:
        from distributed import LocalCluster

        for tries in range(1, _START_TRIES + 1):
            try:
                return LocalCluster(
                    n_workers=self.slots,
                    threads_per_worker=1,
                    processes=True,
                    security=True,
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",
                    memory_limit=self._memory_limit or 0,
                    local_directory=self._folder.name,
                    silence_logs=logging.CRITICAL,
                )
            except RuntimeError:
                # Dask gives up all workers when one of them was killed while it started.
                if tries == _START_TRIES:
                    raise
        raise AssertionError

    def _replace_the_lost(self) -> None:
        """A worker that dies while it takes a dead one's place takes its nanny along, which nobody else replaces."""
        from distributed import Status

        nannies = self._cluster.workers
        gone = [name for name, nanny in nannies.items() if nanny.status in (Status.closed, Status.failed)]
        for name in gone:
            nannies.pop(name, None)
        if len(nannies) < self.slots:
            self._cluster.scale(self.slots)

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close(timeout=10)
        self._cluster.close(timeout=10)
        self._folder.cleanup()

    def submit(self, task: TrialTask) -> None:
        """Start `task` on a free worker."""
        if self._swollen:
            self._restart(sorted(self._swollen))
            self._swollen.clear()
        future = self._client.submit(_run_and_tell_epochs, task, pure=False)
        self._tasks[future] = task
        future.add_done_callback(self._done.put)

    def collect(self, timeout: float) -> list[tuple[TrialTask, TrialOutcome | WorkerLost]]:
        """Trials that ended within `timeout` seconds; waits no longer than for the first."""
        from distributed import KilledWorker

        self._replace_the_lost()
        ended: list[tuple[TrialTask, TrialOutcome | WorkerLost]] = []
        while self._tasks:
            try:
                future = self._done.get(timeout=0 if ended else timeout)
            except queue.Empty:
                break
            outcome: TrialOutcome | WorkerLost
            try:
                ended_on = future.result()
                outcome = ended_on.outcome
                if self._recycle_above is not None and ended_on.resident > self._recycle_above:
                    self._swollen.add(ended_on.worker)
            except (KilledWorker, TrialBegunBefore):
                # Dask runs a trial again by itself when its worker died after the trial ended, and before its
                # result was fetched.
                outcome = WorkerLost()
            ended.append((self._tasks.pop(future), outcome))
            # A result that stays on a worker is computed again when that worker dies.
            future.release()
        return ended

    def _hear_epoch(self, event: tuple[float, dict[str, Any]]) -> None:
        """Dask hands over the time and the message, to which it adds the worker's address."""
        self._on_epoch(EpochEvent(**event[1]["epoch"]))

    def stop_trials(self) -> None:
        """End all running trials at their next epoch. A worker that does not answer keeps nobody waiting."""
        for run in {task.job.run for task in self._tasks.values()}:
            with suppress(TimeoutError):
                self._client.sync(
                    self._client._run, request_stop, run, on_error="ignore", callback_timeout=_ANSWER_SECONDS
                )

    def end(self, task: TrialTask) -> None:
        """Replace the worker that runs `task`, whatever it does; `collect` gives WorkerLost."""
        (key,) = [future.key for future, submitted in self._tasks.items() if submitted is task]
        self._restart([worker for worker, keys in self._client.processing().items() if key in keys])

    def _restart(self, workers: list[str]) -> None:
        """It ends them by SIGKILL when they do not end by themselves within a few seconds."""
        self._client.restart_workers(workers, timeout=_RESTART_SECONDS, raise_for_error=False)


@dataclass(frozen=True)
class _Ended:
    """How a trial ended on a worker, and the memory that the worker holds afterwards, in bytes."""

    outcome: TrialOutcome
    worker: str
    resident: int


def _run_and_tell_epochs(task: TrialTask) -> _Ended:
    from distributed import get_worker

    worker = get_worker()
    outcome = run_trial(task, lambda event: worker.log_event(_EPOCHS, {"epoch": asdict(event)}))
    return _Ended(outcome, worker.address, worker.monitor.get_process_memory())


def _environment(threads: int) -> dict[str, str]:
    """Of a worker, set before it starts: libraries read their thread counts when they load."""
    counts = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
    return {**dict.fromkeys(counts, str(threads)), "TF_NUM_INTEROP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


@contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Ctrl-C in a terminal reaches every process of the group. It is meant for the driver alone.

    A blocked signal stays blocked in the processes that are started meanwhile, and in those which Dask's
    thread (started meanwhile as well) puts in their place later. Python's resource tracker unblocks SIGINT
    in the thread that starts it, so it is started first.
    """
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
