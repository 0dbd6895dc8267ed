"""Worker processes on this machine, replaced when they die. They are reached by sockets that no other process sees."""

from __future__ import annotations

import resource
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from typing import Any

from search.errors import MachineFault
from search.machine.lacking import lacking
from search.machine.temporary import remove_abandoned_folders
from search.workers.messages import Beginning, LetGo
from search.workers.worker_process import WorkerProcess, end_all

# Open files of a driver, and for each of its workers.
_FILES, _FILES_OF_A_WORKER = 64, 4
_NO_WORKER_SECONDS = 300.0
# After one that ended before it had begun, or could not be started.
_PAUSE_SECONDS = 1.0
# So many of these in a row, and nobody waits any longer.
_START_TRIES = 10


class LocalWorkers:
    """`count` processes; a driver is given trials' ends by `LocalPool`.

    Args:
        threads: of each, for TensorFlow.
        memory_limit: bytes above which a worker ends at once; its trial is lost.
        module: what they run.
    """

    def __init__(
        self,
        count: int,
        threads: int,
        memory_limit: int | None = None,
        say: Callable[[str], None] = lambda remark: None,
        *,
        module: str = "search.workers.serving",
    ) -> None:
        self.run = uuid.uuid4().hex
        self.count = count
        self.processes: list[WorkerProcess] = []
        self.kept_open = False
        """Whether they stay open, whoever closes them, for who opens them again."""
        self._threads = threads
        self._memory_limit = memory_limit
        self._say = say
        self._module = module
        self._not_before = float("-inf")
        self._failed_starts = 0
        self._seen = time.monotonic()

    def begin(self) -> None:
        """Start them now, so that they import TensorFlow while this process does something else.

        Where they cannot be started, `open` tries again and tells.
        """
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

    def open(self) -> None:
        """Raises MachineFault where the system does not let them start."""
        self._say(f"starting {self.count} worker{'s' * (self.count > 1)} …")
        if not self.processes:
            self._start()
        self._seen = time.monotonic()

    def _start(self) -> None:
        _check_open_files(self.count)
        remove_abandoned_folders()
        with _started_or_told():
            try:
                while len(self.processes) < self.count:
                    self._start_one()
            except BaseException:
                self.abandon()
                raise

    def _start_one(self) -> None:
        beginning = Beginning(sys.path, self._threads, self._memory_limit)
        self.processes.append(WorkerProcess(beginning, self._module))

    def heard(self, timeout: float) -> Iterator[tuple[WorkerProcess, Any]]:
        """What workers say within `timeout` seconds, waiting no longer than for the first; None: that one is gone.

        Those that are gone are replaced.

        Raises:
            MachineFault: none could be started for a long time.
        """
        self._replace_the_lost()
        if self.processes:
            wait([one.line for one in self.processes], timeout)
        else:
            time.sleep(min(timeout, _PAUSE_SECONDS))
        for one in [*self.processes]:
            gone = one.is_gone()  # before what it said last is heard
            for message in one.heard():
                yield one, message
            if gone:
                self._forget(one)
                yield one, None
        self._look_for_any()

    def replace(self, one: WorkerProcess) -> None:
        """End it at once, whatever it does; another takes its place."""
        one.kill()
        self.processes.remove(one)
        self._replace_the_lost()

    def _forget(self, one: WorkerProcess) -> None:
        one.kill()
        self.processes.remove(one)
        if not one.is_ready:
            self._could_not_start()

    def _could_not_start(self) -> None:
        self._failed_starts += 1
        self._not_before = time.monotonic() + _PAUSE_SECONDS

    def _replace_the_lost(self) -> None:
        while len(self.processes) < self.count and time.monotonic() >= self._not_before:
            try:
                self._start_one()
            except OSError as error:
                if lacking(error) is None:
                    raise
                self._could_not_start()

    def _look_for_any(self) -> None:
        now = time.monotonic()
        if any(one.is_ready for one in self.processes):
            self._seen, self._failed_starts = now, 0
        elif self._failed_starts >= _START_TRIES or now - self._seen > _NO_WORKER_SECONDS:
            raise MachineFault(
                f"no worker could be started for {now - self._seen:.0f} s; see that there are memory and disk space, "
                "and what `ulimit -a` allows"
            )

    def let_go(self) -> None:
        """They close what they keep open between trials."""
        for one in self.processes:
            one.tell(LetGo())

    def close(self) -> None:
        """Also where they were never started, or are closed already."""
        if not self.kept_open:
            end_all(self.processes)
            self.processes.clear()

    def abandon(self) -> None:
        """`close` at once, of workers that have trained nothing: they may be importing, and hear nothing."""
        if not self.kept_open:
            for one in self.processes:
                one.kill()
            self.processes.clear()


def _check_open_files(workers: int) -> None:
    """Raise the limit of open files as far as the system lets.

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


@contextmanager
def _started_or_told() -> Iterator[None]:
    """Raises MachineFault where the system does not let workers start."""
    try:
        yield
    except OSError as error:
        if (refused := lacking(error)) is None:
            raise
        raise MachineFault(f"no workers could be started: {refused}") from error
