"""Worker processes on this machine, replaced when they die."""

from __future__ import annotations

import logging
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

_START_TRIES = 3


class LocalWorkers:
    """`count` processes. Connections stay on 127.0.0.1 and are encrypted by certificates made for this run alone.

    Args:
        threads: of each, for TensorFlow.
        memory_limit: bytes above which a worker is killed at once; its trial is lost.
    """

    def __init__(
        self,
        count: int,
        threads: int,
        memory_limit: int | None = None,
        say: Callable[[str], None] = lambda remark: None,
    ) -> None:
        self.count = count
        self._threads = threads
        self._memory_limit = memory_limit
        self._say = say

    def open(self) -> Client:
        self._say(f"starting {self.count} worker{'s' * (self.count > 1)} …")
        import dask
        from distributed import Client

        dask.config.set(
            {
                # The driver decides on retries, so the scheduler must not repeat a lost trial by itself.
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
            self._client: Any = Client(self._cluster)
        return self._client

    def _start_cluster(self) -> LocalCluster:
        from distributed import LocalCluster

        for tries in range(1, _START_TRIES + 1):
            try:
                return LocalCluster(
                    n_workers=self.count,
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

    def addresses(self) -> set[str]:
        self._replace_the_lost()
        return set(self._client.nthreads())

    def _replace_the_lost(self) -> None:
        """A worker that dies while it takes a dead one's place takes its nanny along, which nobody else replaces."""
        from distributed import Status

        nannies = self._cluster.workers
        gone = [name for name, nanny in nannies.items() if nanny.status in (Status.closed, Status.failed)]
        for name in gone:
            nannies.pop(name, None)
        if len(nannies) < self.count:
            self._cluster.scale(self.count)

    def close(self) -> None:
        self._client.close(timeout=10)
        self._cluster.close(timeout=10)
        self._folder.cleanup()


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
