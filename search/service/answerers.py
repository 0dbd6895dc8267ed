"""Processes that answer rows by studies' models: a few are kept warm, so that only a study's first question is slow."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.errors import InputError
from search.service.problems import Refused
from storage import StorageURL

_WARM = 2
# Each who waits has a thread of the service.
_ASKING = 8
_SECONDS = 300.0


@dataclass(frozen=True)
class ModelName:
    """A model that a study keeps: that of its best `trial`; `identity` tells the study from others of its name."""

    study: str
    identity: str
    trial: int


class Answerers:
    """Of one database. As many processes as are kept warm answer at the same time."""

    def __init__(self, url: StorageURL, warm: int = _WARM, seconds: float = _SECONDS) -> None:
        self._url = url
        self._warm = warm
        self._seconds = seconds
        self._resting: OrderedDict[ModelName, _Process] = OrderedDict()
        self._lock = threading.Lock()
        self._free = threading.Semaphore(warm)
        self._asking = threading.Semaphore(_ASKING)

    def answer(self, model: ModelName, rows: Path, answers: Path, header: bool | None) -> list[str]:
        """Write what `model` answers for `rows` to `answers`; remarks on the rows.

        Args:
            header: whether the first row names the columns; None: as in the table that the study learnt from.

        Raises:
            InputError: the rows do not fit, or the model is not there.
            Refused: too many ask, it takes too long, or the process died.
        """
        asked = {"rows": str(rows), "answers": str(answers), "header": header}
        with self._taken() as end_one:
            process = self._resting_one(model)
            reply = process.ask(asked, self._seconds) if process else None
            if process is None or reply is None:  # none yet, or it had just ended by itself
                end_one()
                process = _Process(model, self._url, self._seconds)
                reply = process.ask(asked, self._seconds)
            if reply is None:
                raise Refused(500, "the process that answers died; its last words are in the service's log")
            with self._lock:
                self._resting[model] = process
        if "refused" in reply:
            raise InputError(reply["refused"])
        return list(reply["remarks"])

    def close(self) -> None:
        """All that rest end."""
        with self._lock:
            for process in self._resting.values():
                process.end()
            self._resting.clear()

    @contextmanager
    def _taken(self) -> Iterator[Any]:
        """One of the places for a process; within, `end_one()` makes room for a new one."""
        if not self._asking.acquire(blocking=False):
            raise Refused(503, "the service is busy with other questions; ask again", {"Retry-After": "10"})
        try:
            with self._free:
                yield self._end_one
        finally:
            self._asking.release()

    def _resting_one(self, model: ModelName) -> _Process | None:
        with self._lock:
            return self._resting.pop(model, None)

    def _end_one(self) -> None:
        """The one that has rested for longest, where as many rest as may be warm beside the new one."""
        with self._lock:
            while len(self._resting) >= self._warm:
                self._resting.popitem(last=False)[1].end()


class _Process:
    """One process with one model, which answers one question at a time."""

    def __init__(self, model: ModelName, url: StorageURL, seconds: float) -> None:
        words = [model.study, str(model.trial)]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "search.service.answering_process", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PERCEPTUNA_STORAGE": url.full},
            start_new_session=True,
            text=True,
            encoding="utf-8",
        )
        reply = self._read(seconds)
        if reply is None:
            raise Refused(500, "no model could be loaded; the reason is in the service's log")
        if "refused" in reply:
            self.end()
            raise InputError(reply["refused"])

    def ask(self, question: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        """The reply; None where the process is gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except OSError:
            self.end()
            return None
        return self._read(seconds)

    def end(self) -> None:
        """At once: it holds nothing that could be lost."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()

    def _read(self, seconds: float) -> dict[str, Any] | None:
        stream = self._process.stdout
        assert stream is not None
        if not select.select([stream], [], [], seconds)[0]:
            self.end()
            raise Refused(503, f"it took longer than {seconds:.0f} s; use `perceptuna predict`")
        line = stream.readline()
        if not line:
            self.end()
            return None
        reply: dict[str, Any] = json.loads(line)
        return reply
