"""What is shown to many and takes long to find out: remembered for a while, whoever asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")

_MOST = 10_000


class Remembered(Generic[Value]):
    """Values by name, each found out anew when it is too old, or when what it was made of is another.

    Args:
        seconds: how long a value is good for.
    """

    def __init__(
        self, seconds: Callable[[Value], float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._known: dict[str, tuple[float, object, Value]] = {}
        self._lock = threading.Lock()

    def get(self, name: str, of: object, find: Callable[[], Value]) -> Value:
        """The value that `find` finds out; `of` is what it is made of, as far as that is known."""
        with self._lock:
            until, before, value = self._known.get(name, (0.0, None, None))
        if value is not None and before == of and self._clock() < until:
            return value
        found = find()
        with self._lock:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[name] = self._clock() + self._seconds(found), of, found
        return found
