"""Commands in this process, whose trials are trained here."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from workers_here import trained_here

from search import cli
from search.conclusion.confirmation.record import Conclusion
from search.study.study import Study, load_study
from search.workers.messages import TrialTask
from storage import StorageURL
from storage.backup import back_up


class Killed(BaseException):
    """Stands for the end of the process; no `except Exception` may stop it."""


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

    def _ended(self, task: TrialTask) -> None:
        self.after(task)

    def __call__(self, line: str) -> Outcome:
        out, err, words = io.StringIO(), io.StringIO(), line.split()
        before = sys.argv
        sys.argv = ["perceptuna", *words, "--storage", str(self.url)]
        try:
            with trained_here(self._ended), redirect_stdout(out), redirect_stderr(err):
                cli.main()
        except SystemExit as end:
            return Outcome(int(end.code or 0), out.getvalue(), err.getvalue())
        except Killed:
            return Outcome(None, out.getvalue(), err.getvalue())
        finally:
            sys.argv = before

    def study(self, name: str) -> Study:
        return load_study(name, self.url)


def unopened(place: Place, folder: Path) -> Place:
    """A copy in `folder`: all trainings of study `one` are there, and nobody has opened its test split."""
    copy = Place(folder)
    copy.url = StorageURL.of_file(folder / "copy.db")
    back_up(place.url, folder / "copy.db")
    study = copy.study("one")
    with study.storage._backend.engine.begin() as connection:
        connection.exec_driver_sql("delete from perceptuna_looks")
        connection.exec_driver_sql("delete from study_user_attributes where key = 'conclusion'")
    study.storage._backend.engine.dispose()
    return copy


@dataclass(frozen=True)
class Story:
    """What each `finalize` did, and what the first that ended concluded."""

    place: Place
    interrupted: Outcome
    killed: Outcome
    done: Outcome
    conclusion: Conclusion
    again: Outcome
