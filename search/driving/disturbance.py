"""Trials that the machine would not let train: no temporary folder, a full disk, too many open files or processes.

No trial fails for it. It is run again after a pause, and where that does not help for as long as faults of storage are
waited for, the study stops with the cause.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from search.errors import MachineFault
from storage.patience import patience_seconds

if TYPE_CHECKING:
    from search.driving.dispatcher import Dispatcher

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0


class Disturbance:
    """Since when no trial could be trained, and until when the next one waits; seconds of `clock`."""

    def __init__(self, clock: Callable[[], float], dispatcher: Dispatcher) -> None:
        self._clock = clock
        self._dispatcher = dispatcher
        self._since: float | None = None
        self._pause = _FIRST_PAUSE_SECONDS
        self._until = float("-inf")

    @property
    def pausing(self) -> bool:
        """Whether no trial shall start now."""
        return self._clock() < self._until

    def came(self, reason: str) -> None:
        """A trial could not be trained.

        Raises:
            MachineFault: as all others for too long.
        """
        now = self._clock()
        if self._since is None:
            self._since = now
            self._dispatcher.paused(f"{reason} (trying again for up to {patience_seconds():.0f} s)")
        elif now - self._since > patience_seconds():
            raise MachineFault(f"no trial can be trained: {reason}")
        if not self.pausing:
            self._until = now + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)

    def passed(self) -> None:
        """A trial was trained."""
        if self._since is not None:
            self._dispatcher.unpaused(
                f"trials can be trained again after {self._clock() - self._since:.0f} s"
            )
        self._since, self._pause = None, _FIRST_PAUSE_SECONDS
