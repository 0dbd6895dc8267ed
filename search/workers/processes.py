"""Dask's scheduler and worker without their web pages: a study listens on nothing that it does not need."""

from __future__ import annotations

from typing import Any

from distributed import Scheduler, Worker


class QuietScheduler(Scheduler):
    """Listens for workers and for its client alone."""

    def start_http_server(self, *arguments: Any, **options: Any) -> None:
        """None."""


class QuietWorker(Worker):
    """Listens for its scheduler alone."""

    def start_http_server(self, *arguments: Any, **options: Any) -> None:
        """None."""
