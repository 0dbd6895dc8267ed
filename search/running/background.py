"""A study that a thread of this process drives, while the program goes on."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from search.driving.listener import Listener
from search.study.study_record import keep_study_facts

if TYPE_CHECKING:
    from search.driving.progress import Progress
    from search.running.drive import Finish
    from search.study.study import Study

_STOP_SECONDS = 60.0


class Heard(Listener):
    """The study and its progress, once they are there."""

    def __init__(self) -> None:
        self.study: Study | None = None
        self.progress: Progress | None = None
        self.changed = threading.Event()

    def opened(self, study: Study, progress: Progress) -> None:
        self.study, self.progress = study, progress
        self.changed.set()


class Background:
    """`drive()`, begun in a thread; `heard` is one of its listeners.

    A program that ends asks the study to stop and waits a while for it, so that its trials keep where they are.
    """

    def __init__(self, drive: Callable[[], Finish], heard: Heard) -> None:
        self._drive = drive
        self._heard = heard
        self._finish: Finish | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="perceptuna study", daemon=True)
        self._stops_at_exit = False
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether it has ended, in whatever way."""
        return not self._thread.is_alive()

    @property
    def study(self) -> Study:
        """The study, waiting until it is there. Raises what kept it from being made."""
        while not self._heard.changed.wait(0.1):
            if self.done:
                break
        if self._heard.study is None:
            self.wait()
        assert self._heard.study is not None
        if not self._stops_at_exit:
            # Dask takes down its connections when the program ends: what is registered after it was imported, as it is
            # for a cluster by now, is called before.
            self._stops_at_exit = True
            atexit.register(self._at_exit)
        return self._heard.study

    @property
    def progress(self) -> Progress | None:
        """Where it stands now; None before the study is there."""
        return self._heard.progress

    def stop(self) -> None:
        """Ask it to stop: its trials end at their next epoch, and go on from there on resume."""
        if not self.done:
            keep_study_facts(self.study.optuna, {"stop_requested": True})

    def wait(self, seconds: float | None = None) -> Finish | None:
        """How it ended; None where it has not within so many seconds. Raises what ended it."""
        self._thread.join(seconds)
        if not self.done:
            return None
        atexit.unregister(self._at_exit)
        if self._error is not None:
            raise self._error
        return self._finish

    def _run(self) -> None:
        try:
            self._finish = self._drive()
        except BaseException as error:  # told to who waits for it
            self._error = error

    def _at_exit(self) -> None:
        if not self.done and self._heard.study is not None:
            self.stop()
            self._thread.join(_STOP_SECONDS)
