"""Worker processes on this machine, replaced when they die."""

from __future__ import annotations

import logging
import os
import resource
import signal
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.errors import MachineFault
from search.machine.lacking import lacking
from search.machine.temporary import remove_abandoned_folders, temporary_folder

if TYPE_CHECKING:
    from distributed import Client, SpecCluster

_START_TRIES = 3
# Open files of a driver and for each of its workers, a third more than were counted.
_FILES, _FILES_OF_A_WORKER = 64, 16
_NO_WORKER_SECONDS = 300.0
# A worker ends within a second; on a machine that is short of everything it takes far longer.
_CLOSE_SECONDS = 60.0


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
        self.run = uuid.uuid4().hex
        self.count = count
        self._threads = threads
        self._memory_limit = memory_limit
        self._say = say
        self.kept_open = False
        """Whether they stay open, whoever closes them, for who opens them again."""
        self._client: Any = None

    def begin(self) -> None:
        """Start them now, so that they import TensorFlow while this process does something else.

        Where they cannot be started, `open` tries again and tells.
        """
        if self._client is None:
            with suppress(MachineFault):
                self._start()

    def take_over(self, count: int, say: Callable[[str], None]) -> None:
        """Be `count` workers from now on, for another run of a driver, where fewer are open; the others are started.

        Raises:
            MachineFault: so many need more open files than this process may have.
        """
        _check_open_files(count)
        self.run = uuid.uuid4().hex
        self.count, self._say = count, say

    def open(self) -> Client:
        self._say(f"starting {self.count} worker{'s' * (self.count > 1)} …")
        if self._client is None:
            self._start()
        self._seen = time.monotonic()
        return self._client

    def _start(self) -> None:
        import dask
        from distributed import Client

        from search.workers.processes import silence_dask, without_the_main_module
        from search.workers.semaphores import outlast_the_resource_tracker

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
                # It looks a hundred times a second where each thread is, and fifty times whether its loop is late.
                "distributed.worker.profile.enabled": False,
                "distributed.admin.tick.interval": "1s",
                "distributed.admin.tick.cycle": "10s",
                "distributed.nanny.pre-spawn-environ": _environment(self._threads),
            }
        )
        _check_open_files(self.count)
        silence_dask()
        outlast_the_resource_tracker()
        remove_abandoned_folders()
        with ExitStack() as opened:
            folder = opened.enter_context(temporary_folder())
            opened.enter_context(without_the_main_module())
            dask.config.set({"temporary-directory": str(folder)})
            with _started_or_told(), _signals_held_back():
                self._cluster = self._start_cluster(folder)
                opened.callback(self._close_cluster)
                client = Client(self._cluster)
            self._opened = opened.pop_all()
        self._client = client

    def _start_cluster(self, folder: Path) -> SpecCluster:
        from distributed import Nanny, Security, SpecCluster

        from search.workers.processes import QuietScheduler, QuietWorker

        security = Security.temporary()
        common = {"host": "127.0.0.1", "protocol": "tls://", "security": security}
        worker = {
            "cls": Nanny,
            "options": {
                **common,
                "worker_class": QuietWorker,
                "tensorflow_threads": self._threads,
                "nthreads": 1,
                "memory_limit": self._memory_limit or 0,
                "local_directory": str(folder),
                "silence_logs": logging.CRITICAL,
            },
        }
        for tries in range(1, _START_TRIES + 1):
            try:
                return SpecCluster(
                    scheduler={"cls": QuietScheduler, "options": {**common, "port": 0, "dashboard": False}},
                    workers=dict.fromkeys(range(self.count), worker),
                    worker=worker,
                    security=security,
                    silence_logs=logging.CRITICAL,
                )
            except RuntimeError:
                # Dask gives up all workers when one of them was killed while it started.
                if tries == _START_TRIES:
                    raise
        raise AssertionError

    def addresses(self) -> set[str]:
        """Raises MachineFault where none could be started for a long time."""
        self._replace_the_lost()
        there = set(self._client.nthreads())
        now = time.monotonic()
        if there:
            self._seen = now
        elif _current_folder_is_gone():
            raise MachineFault(
                "no worker can be started: the folder that this command was called in was deleted; call it from another"
            )
        elif now - self._seen > _NO_WORKER_SECONDS:
            raise MachineFault(
                f"no worker could be started for {_NO_WORKER_SECONDS:.0f} s; see that there are memory and disk space, "
                "and what `ulimit -a` allows"
            )
        return there

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
        """Also where they were never started, or are closed already."""
        if self._client is None or self.kept_open:
            return
        with suppress(TimeoutError):
            self._client.close(timeout=_CLOSE_SECONDS)
        self._client = None
        self._opened.close()

    def abandon(self) -> None:
        """`close` at once, of workers that have trained nothing: they may be importing, and hear nothing."""
        if self._client is not None and not self.kept_open:
            _kill(self._cluster.workers.values())
        self.close()

    def _close_cluster(self) -> None:
        """Workers that do not end in time are killed: all that they had to tell has been told."""
        nannies = list(self._cluster.workers.values())
        try:
            self._cluster.close(timeout=_CLOSE_SECONDS)
        except TimeoutError:
            _kill(nannies)


def _kill(nannies: Iterable[Any]) -> None:
    """End their workers, which nobody replaces."""
    for nanny in nannies:
        nanny.auto_restart = False
        if (pid := nanny.pid) is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _current_folder_is_gone() -> bool:
    """Every new process of Python's starts in it."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _check_open_files(workers: int) -> None:
    """Raise the limit of open files as far as the system lets; Dask cannot go on where there are too few.

    Raises:
        MachineFault: they are too few for so many workers.
    """
    least = _FILES + _FILES_OF_A_WORKER * workers
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _allows(allowed, least):
        return
    if not _allows(most, least):
        raise MachineFault(
            f"{workers} workers need {least} open files, and this process may have {allowed}; raise that limit by "
            "`ulimit -n 4096`, or give fewer --workers"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (least, most))


def _allows(limit: int, wanted: int) -> bool:
    return limit == resource.RLIM_INFINITY or wanted <= limit


def _environment(threads: int) -> dict[str, str]:
    """Of a worker, set before it starts: libraries read their thread counts when they load."""
    counts = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
    return {**dict.fromkeys(counts, str(threads)), "TF_NUM_INTEROP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


@contextmanager
def _started_or_told() -> Iterator[None]:
    """Raises MachineFault where the system does not let workers start."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        refused = lacking(error) or (f"{error}; see what `ulimit -a` allows" if _no_start(error) else None)
        if refused is None:
            raise
        raise MachineFault(f"no workers could be started: {refused}") from error


def _no_start(error: BaseException) -> bool:
    """Dask's words where a worker's process ended while it started, which keeps its reasons to itself."""
    return "failed to start" in str(error)


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Ctrl-C in a terminal, and its end, reach every process of the group. They are meant for the driver alone.

    A blocked signal stays blocked in the processes that are started meanwhile, and in those which Dask's
    thread (started meanwhile as well) puts in their place later. Python's resource tracker unblocks SIGINT
    in the thread that starts it, so it is started first.
    """
    signals = {signal.SIGINT, signal.SIGHUP}
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
