"""Commands in this process, whose trials are trained for real but here: no worker has to start."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from search import cli
from search.conclusion.confirmation.record import Conclusion
from search.study.study import Study, load_study
from search.workers.messages import TrialOutcome, TrialTask
from search.workers.trial import run_trial
from storage import StorageURL


class Killed(BaseException):
    """Stands for the end of the process; no `except Exception` may stop it."""


class WorkersHere:
    """One worker, in this process. `after` is called when a trial was trained and nobody knows it yet."""

    slots = 1

    def __init__(self, after: Callable[[TrialTask], None]) -> None:
        self._after = after
        self._submitted: list[TrialTask] = []
        self._stopped = False

    def __enter__(self) -> WorkersHere:
        return self

    def __exit__(self, *exception: object) -> None: ...

    def submit(self, task: TrialTask) -> None:
        self._submitted.append(task)

    def collect(self, timeout: float) -> list[tuple[TrialTask, TrialOutcome]]:
        del timeout
        task = self._submitted.pop(0)
        if self._stopped:
            return [(task, TrialOutcome("interrupted"))]
        outcome = run_trial(task)
        self._after(task)
        return [(task, outcome)]

    def stop_trials(self) -> None:
        self._stopped = True

    def end(self, task: TrialTask) -> None:
        raise AssertionError(f"nobody lets trial {task.number} hang")


@dataclass(frozen=True)
class Outcome:
    """What a command did; `code` is None where it was killed."""

    code: int | None
    out: str
    err: str

    @property
    def words(self) -> str:
        """What it printed, with single spaces: tables are as wide as the terminal."""
        return " ".join(self.out.split())


class Place:
    """A folder with a database, which commands are called in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = StorageURL.parse(str(folder / "studies.db"))
        self.trained: list[TrialTask] = []
        self.after: Callable[[TrialTask], None] = self.trained.append

    @contextmanager
    def here(self) -> Iterator[None]:
        """Trials are trained in this process."""
        with pytest.MonkeyPatch.context() as patch:
            # Threads are a setting of the process, which other tests have begun.
            patch.setattr("search.machine.tensorflow_start.start_tensorflow", lambda threads: None)
            patch.setattr("search.workers.cluster.Workers", lambda *given, **named: WorkersHere(self._ended))
            yield

    def _ended(self, task: TrialTask) -> None:
        self.after(task)

    def __call__(self, line: str) -> Outcome:
        out, err, words = io.StringIO(), io.StringIO(), line.split()
        before = sys.argv
        sys.argv = ["perceptuna", *words, "--storage", str(self.url)]
        try:
            with self.here(), redirect_stdout(out), redirect_stderr(err):
                cli.main()
        except SystemExit as end:
            return Outcome(int(end.code or 0), out.getvalue(), err.getvalue())
        except Killed:
            return Outcome(None, out.getvalue(), err.getvalue())
        finally:
            sys.argv = before

    def study(self, name: str) -> Study:
        return load_study(name, self.url)


@dataclass(frozen=True)
class Story:
    """What each `finalize` did, and what the first that ended concluded."""

    place: Place
    interrupted: Outcome
    killed: Outcome
    done: Outcome
    conclusion: Conclusion
    again: Outcome
