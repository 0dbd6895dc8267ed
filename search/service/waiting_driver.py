"""A driver that was started before there is a study for it, so that one that is handed in trains within a second."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from search.service.handing_over import READY, hand_over
from storage import StorageURL

# For it to end by itself with its worker, before it is killed.
_END_SECONDS = 5.0


class WaitingDriver:
    """A process of `module`, which ends with this one unless it was given a study.

    Args:
        log: what it says before it has a study.
    """

    def __init__(self, url: StorageURL, module: str, log: Path) -> None:
        ours, theirs = socket.socketpair()
        with theirs, log.open("wb") as said:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", module],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=said,
                    env={**os.environ, "PERCEPTUNA_STORAGE": url.full},
                    start_new_session=True,
                )
            except BaseException:
                ours.close()
                raise
        ours.setblocking(False)
        self._line = ours

    def lives(self) -> bool:
        return self._process.poll() is None

    def is_ready(self) -> bool:
        """Whether all is loaded. It may be given a study before, which waits for that."""
        try:
            return self._line.recv(1, socket.MSG_PEEK) == READY
        except OSError:
            return False

    def give(self, words: Sequence[str], files: tuple[int, int, int]) -> subprocess.Popen[bytes] | None:
        """Have it be the command `words`; None where it is gone.

        Args:
            files: descriptors of its standard output, its standard error and its lease.
        """
        with self._line:
            try:
                hand_over(self._line, words, files)
            except OSError:
                self._process.kill()
                self._process.wait()
                return None
        return self._process

    def end(self) -> None:
        """It has no study: nothing is lost."""
        self._line.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        self._process.kill()
        self._process.wait()
