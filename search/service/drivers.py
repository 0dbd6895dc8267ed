"""Drivers of studies: the processes of `perceptuna run` and `resume`, in sessions of their own.

Each holds a lease from before its first instruction until it is gone: a file lock that it inherits, and that the
system releases with it. So a service that starts anew knows which drivers have outlived the one before it.
"""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.service.events import Events
from search.service.folders import private_folder
from search.service.waiting_driver import WaitingDriver
from storage import StorageURL

_LOG_BYTES = 20_000
_POLL_SECONDS = 0.2
# Processes that start take the cores from trials, so the next driver waits until the last one's workers are there.
_AFTER_START_SECONDS = 5.0
_AFTER_DEATH_SECONDS = 60.0
_ASKED = "asked"
_ENDINGS = ("budget", "timeout", "interrupted", "finalized", "ablated")


@dataclass(frozen=True)
class Ended:
    """How a driver ended.

    Attributes:
        code: its exit code, negative where a signal ended it; None where another service had started it.
        ending: its last word: budget, timeout, interrupted, and of a job finalized or ablated; None where it had none.
        trials: that ended while it drove.
        said: what it said last on standard error.
        at: when it was last heard of, in seconds since 1970.
    """

    code: int | None
    ending: str | None
    trials: int
    said: str
    at: float


class Drivers:
    """The drivers of one database's studies on this machine.

    Args:
        folder: of the service.
        module: the program, as `python -m` takes it.
        waiting: the module of a driver that is started before there is a study for it; None for no such driver.
    """

    def __init__(
        self, url: StorageURL, folder: Path, module: str = "search", waiting: str | None = None
    ) -> None:
        self._url = url
        self._folder = folder
        self._module = module
        self._waiting_module = waiting
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._waiting: WaitingDriver | None = None
        self._none_before = 0.0

    def folder(self, study: str) -> Path:
        return private_folder(self._folder / "studies" / study)

    def events(self, study: str) -> Events:
        """What its drivers said; reading makes no folder."""
        return Events(self._folder / "studies" / study / "events.jsonl")

    def start(self, study: str, words: Sequence[str], slots: int) -> bool:
        """Whether it was started: no driver of this service, or of one before it, has the study."""
        lease = self._lease(study)
        if lease is None:
            return False
        folder = self.folder(study)
        # Where none can be started, how the one before it ended tells nothing of this one.
        self._children.pop(study, None)
        try:
            with (folder / "log.txt").open("ab") as log, (folder / "events.jsonl").open("ab") as events:
                os.ftruncate(lease, 0)
                files = events.fileno(), log.fileno(), lease
                child = self._children[study] = self._given(words, files) or self._started(words, files)
                os.write(lease, f"{child.pid}\n".encode())
        finally:
            os.close(lease)
        self._none_before = time.monotonic() + _AFTER_START_SECONDS
        return True

    def _started(self, words: Sequence[str], files: tuple[int, int, int]) -> subprocess.Popen[bytes]:
        """A process for the command `words`, by the descriptors of its output, errors and lease."""
        output, errors, lease = files
        return subprocess.Popen(
            [sys.executable, "-P", "-m", self._module, *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env={**os.environ, "PERCEPTUNA_STORAGE": self._url.full},
            start_new_session=True,
            pass_fds=(lease,),
        )

    def _given(self, words: Sequence[str], files: tuple[int, int, int]) -> subprocess.Popen[bytes] | None:
        """As `_started`, the process that waits, if one does."""
        waiting, self._waiting = self._waiting, None
        return waiting.give(words, files) if waiting else None

    def start_ahead(self) -> None:
        """See that a driver waits for the next study, but not while one that has just got its study starts to train."""
        if self._waiting_module is None or time.monotonic() < self._none_before:
            return
        if self._waiting is not None and self._waiting.lives():
            return
        # One that has ended by itself would end again.
        self._none_before = time.monotonic() + _AFTER_DEATH_SECONDS
        if self._waiting is not None:
            self._waiting.end()
        log = private_folder(self._folder) / "waiting.txt"
        self._waiting = WaitingDriver(self._url, self._waiting_module, log)

    def one_waits(self) -> bool:
        """Whether a driver waits that has all loaded."""
        waiting = self._waiting
        return waiting is not None and waiting.is_ready()

    def announce(self, study: str, **facts: Any) -> None:
        """Write down that a driver is about to be started: what is said from now on is its own."""
        log = self.folder(study) / "log.txt"
        self.events(study).write_started(study=study, **facts, log=log.stat().st_size if log.exists() else 0)

    def lives(self, study: str) -> bool:
        """Whether a driver that a service started for it is there."""
        child = self._children.get(study)
        if child is not None and child.poll() is None:
            return True
        lease = self._lease(study)
        if lease is None:
            return True
        os.close(lease)
        return False

    def ask_to_end(self, study: str) -> bool:
        """Ask its driver, which lives, once to end at the next epoch; False where nobody knows its process.

        The lease names the process, and that it was asked: a second signal would end it at once. A service that was
        killed just when it had started one has not written down which.
        """
        path = self._lease_path(study)
        words = path.read_text(encoding="utf-8").split()
        if not words:
            return False
        if _ASKED not in words:
            # In this order: killed in between, the next service asks again, rather than wait for ever.
            with suppress(ProcessLookupError):
                os.kill(int(words[0]), signal.SIGTERM)
            path.write_text(f"{words[0]} {_ASKED}\n", encoding="utf-8")
        return True

    def ended(self, study: str) -> Ended:
        """How the last one ended, which does not live any more."""
        child = self._children.get(study)
        events = self.events(study)
        said = events.of_last_driver()
        endings = [one["event"] for one in said if one["event"] in _ENDINGS]
        heard = [path.stat().st_mtime for path in (events.path, self._log(study)) if path.exists()]
        return Ended(
            code=None if child is None else child.poll(),
            ending=endings[-1] if endings else None,
            trials=sum(one["event"] == "trial_ended" for one in said),
            said=self._said(study, int(said[0].get("log", 0)) if said else 0),
            at=max(heard, default=0.0),
        )

    def end(self, studies: Sequence[str], seconds: float) -> None:
        """Ask the drivers of `studies` to end at the next epoch, and wait for them, but not for ever."""
        if self._waiting is not None:
            self._waiting.end()
        deadline = time.monotonic() + seconds
        for study in studies:
            if self.lives(study):
                self.ask_to_end(study)
        while any(map(self.lives, studies)) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)

    def _log(self, study: str) -> Path:
        return self._folder / "studies" / study / "log.txt"

    def _said(self, study: str, position: int) -> str:
        """The last message for people behind `position` of the log: lines that the program signs, or the last one.

        Uploads are named as users name them: nobody sent a file by the path that it has here.
        """
        try:
            with self._log(study).open("rb") as file:
                end = file.seek(0, 2)
                file.seek(max(position, end - _LOG_BYTES))
                lines = file.read().decode(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        signed = [line.removeprefix("perceptuna: ") for line in lines if line.startswith("perceptuna: ")]
        uploads = re.escape(str(self._folder / "uploads"))
        return re.sub(f"{uploads}/[^/]+/", "upload:", "\n".join(signed[-10:] or lines[-1:]))

    def _lease_path(self, study: str) -> Path:
        return self.folder(study) / "driver.lock"

    def _lease(self, study: str) -> int | None:
        """A file descriptor that has the lease; None where a driver has it."""
        lease = os.open(self._lease_path(study), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lease)
            return None
        return lease
