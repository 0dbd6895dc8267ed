"""A worker that was started ahead, with all that a trial needs loaded, for the study that this process is to drive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from search.workers.local import LocalWorkers

_ready: LocalWorkers | None = None


def start_ahead() -> None:
    """Start one, of one thread and without a limit of memory. It is started once in a process.

    Raises:
        MachineFault: the system does not let it start.
    """
    global _ready
    workers = LocalWorkers(1, threads=1)
    workers.open()
    _ready = workers


def local_workers(
    count: int, threads: int, memory_limit: int | None, say: Callable[[str], None]
) -> LocalWorkers:
    """`count` workers as `LocalWorkers` are: with the one that is ready, where it is as they are to be.

    The others are started while it trains. Where it is of no use, it ends.
    """
    if _ready is None or _ready.kept_open:
        return _ready or LocalWorkers(count, threads, memory_limit, say)
    if (threads, memory_limit) != (1, None):
        end()
        return LocalWorkers(count, threads, memory_limit, say)
    _ready.take_over(count, say)
    return _ready


@contextmanager
def rehearsing() -> Iterator[None]:
    """A study that is driven meanwhile has the ready worker alone, and leaves it."""
    assert _ready is not None
    _ready.kept_open = True
    try:
        yield
    finally:
        _ready.kept_open = False
        _ready.let_go()


def end() -> None:
    """End the worker, and those beside it, where there is one that has not ended with its study."""
    global _ready
    if _ready is not None:
        _ready.close()
    _ready = None
