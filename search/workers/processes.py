"""Dask's scheduler and worker without their web pages and the user's script: nothing that a study does not need."""

from __future__ import annotations

import logging
import multiprocessing.spawn
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import dask
from distributed import Scheduler, Worker

# What fails inside Dask comes to a study as an exception, which is told; its logs would tell it again, as tracebacks.
_LOGGERS = ("asyncio", "distributed", "tornado")
# By then its nanny has heard that it is there.
_SOON = 0.05
# What Dask calls the process of a worker.
_WORKER = "Dask Worker process"


def silence_dask() -> None:
    """In this process, from now on. Dask gives some of its loggers a level of their own, by a user's settings too.

    Nor is it to warn of a large message, as a checkpoint is one.
    """
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TiB"})
    there = [
        name
        for name in logging.root.manager.loggerDict
        if name.startswith(tuple(f"{one}." for one in _LOGGERS))
    ]
    for name in [*_LOGGERS, *there]:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


@contextmanager
def without_the_main_module() -> Iterator[None]:
    """Workers that are started meanwhile, by whichever thread, do not run the script again that started this process.

    `multiprocessing` has a new process import the main module of its parent: a script without
    `if __name__ == "__main__"` would search in each of its workers. Nothing that they are sent needs it.
    """
    asked = multiprocessing.spawn.get_preparation_data

    def of_a_worker(name: str) -> dict[str, Any]:
        told = asked(name)
        if name.startswith(_WORKER):
            told = {key: value for key, value in told.items() if not key.startswith("init_main_from")}
        return told

    multiprocessing.spawn.get_preparation_data = of_a_worker
    try:
        yield
    finally:
        multiprocessing.spawn.get_preparation_data = asked


class QuietScheduler(Scheduler):
    """Listens for workers and for its client alone."""

    def start_http_server(self, *arguments: Any, **options: Any) -> None:
        """None."""


class QuietWorker(Worker):
    """Listens for its scheduler alone, and imports what a trial needs before there is one.

    Args:
        tensorflow_threads: of TensorFlow.
    """

    def __init__(self, *arguments: Any, tensorflow_threads: int, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._tensorflow_threads = tensorflow_threads

    async def start_unsafe(self) -> QuietWorker:
        await super().start_unsafe()
        # In the main thread, where TensorFlow is imported in nearly half of the time; its scheduler waits for it.
        self.loop.call_later(_SOON, self._get_ready)
        return self

    def _get_ready(self) -> None:
        with suppress(Exception):  # a trial will meet it too, and tell it
            from search.workers.trial import get_ready

            get_ready(self._tensorflow_threads)

    def start_http_server(self, *arguments: Any, **options: Any) -> None:
        """None."""
