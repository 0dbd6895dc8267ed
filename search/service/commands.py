"""What takes TensorFlow or draws, done by the commands that do it: in a process of its own, which may die alone."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence

from search.errors import InputError
from search.service.problems import Refused
from storage import StorageURL

_AT_ONCE = 2
_SIGNED = "perceptuna: "
# Each who waits has a thread of the service, which has 40 for all requests.
_WAITING = 8
_SECONDS = 300.0


class Commands:
    """Commands of `perceptuna` about one database; a few at a time."""

    def __init__(self, url: StorageURL, at_once: int = _AT_ONCE) -> None:
        self._url = url
        self._free = threading.Semaphore(at_once)
        self._taken_in = threading.Semaphore(at_once + _WAITING)

    def call(self, words: Sequence[str]) -> str:
        """What the command prints.

        Raises:
            InputError: it refuses what it was asked, in its own words.
            Refused: it failed, or too many wait already.
        """
        if not self._taken_in.acquire(blocking=False):
            raise Refused(503, "the service is busy with other requests; ask again", {"Retry-After": "30"})
        try:
            with self._free:
                return self._called(words)
        finally:
            self._taken_in.release()

    def _called(self, words: Sequence[str]) -> str:
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "search", *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_SECONDS,
                env={**os.environ, "PERCEPTUNA_STORAGE": self._url.full},
            )
        except subprocess.TimeoutExpired:
            raise Refused(503, f"it took longer than {_SECONDS:.0f} s; use the command itself") from None
        said = [line for line in done.stderr.splitlines() if line.strip()]
        if done.returncode == 2:
            signed = [line.removeprefix(_SIGNED) for line in said if line.startswith(_SIGNED)]
            raise InputError("\n".join(signed))
        if done.returncode:
            why = said[-1].removeprefix(_SIGNED) if said else f"exit code {done.returncode}"
            # 3 is trouble that passes; anything else is a bug, or a process that was killed.
            raise Refused(503 if done.returncode == 3 else 500, f"`perceptuna {words[0]}` failed: {why}")
        return done.stdout
