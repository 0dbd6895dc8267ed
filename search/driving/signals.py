"""Ctrl-C, SIGTERM and SIGHUP while a study is driven."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from search.machine.interruption import is_interrupted, signals_to_heed


class StopSignals:
    """The first of them lets running trials reach an epoch's end; the second ends at once.

    A handler that raises could be swallowed by C code or leave a trial half told: it only sets `received`.
    """

    def __init__(self, abandon: Callable[[], None]) -> None:
        self.received = is_interrupted()
        self._abandon = abandon

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Within, by these rules; after it, as before it. Python gives signals to the main thread alone."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        previous = {number: signal.signal(number, self._handle) for number in signals_to_heed()}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _handle(self, number: int, frame: object) -> None:
        del number, frame
        if self.received:
            # As after kill -9: workers end by themselves, the lock is free, running trials are run again.
            self._abandon()
            os._exit(130)
        self.received = True
