"""Dask's scheduler and worker without their web pages and the user's script: nothing that a study does not need."""

from __future__ import annotations

import logging
import multiprocessing.spawn
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dask
from distributed import Scheduler, Worker

# What fails inside Dask comes to a study as an exception, which is told; its logs would tell it again, as tracebacks.
_LOGGERS = ("asyncio", "distributed", "tornado")
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
    """Listens for its scheduler alone."""

    def start_http_server(self, *arguments: Any, **options: Any) -> None:
        """None."""
