"""Call the command line as a user calls it, and make studies without training."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import pytest
from sqlalchemy import Connection, Engine, event

from search import cli as command_line
from search.data import prepare
from search.settings.settings import StudySettings
from search.study.creation import create_study
from search.study.study import Study
from spaces import load_space
from storage import StorageURL, study_lock


@dataclass(frozen=True)
class Outcome:
    """What a command did: its exit code, and what it printed."""

    code: int
    out: str
    err: str


class CommandLine:
    """Calls commands in `folder`, which is the current one."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._capsys = capsys
        self._patch = patch

    def __call__(self, *words: object) -> Outcome:
        self._patch.setattr("sys.argv", ["perceptuna", *map(str, words)])
        self._capsys.readouterr()
        open_before = self._open_databases()
        with connections_closed(), pytest.raises(SystemExit) as end:
            command_line.main()
        out, err = self._capsys.readouterr()
        code = int(end.value.code or 0)
        del end
        if self._open_databases() - open_before:  # by connections of what nobody uses any more
            gc.unfreeze()  # TensorFlow's start keeps all that is there from being collected
            gc.collect()
        return Outcome(code, out, err)

    def _open_databases(self) -> set[Path]:
        return {*self.folder.glob("*-wal")}

    def done(self, *words: object) -> Outcome:
        """A command that succeeds."""
        outcome = self(*words)
        assert outcome.code == 0, outcome.err
        return outcome

    def refused(self, *words: object) -> str:
        """The message of a command that is refused: exit code 2, no traceback, nothing written."""
        before = contents(self.folder)
        outcome = self(*words)
        assert outcome.code == 2, outcome
        assert "Traceback" not in outcome.out + outcome.err
        assert outcome.err.startswith("perceptuna: ")
        after = contents(self.folder)
        assert after == before, set(after) ^ set(before)
        return outcome.err


@contextmanager
def connections_closed() -> Iterator[None]:
    """A process that ends closes its connections to databases; so does this, of those that are opened meanwhile."""
    engines: weakref.WeakSet[Engine] = weakref.WeakSet()

    def remember(connection: Connection) -> None:
        engines.add(connection.engine)

    event.listen(Engine, "engine_connect", remember)
    try:
        yield
    finally:
        event.remove(Engine, "engine_connect", remember)
        for engine in list(engines):
            engine.dispose()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file and folder below `folder` with its bytes, as a message of pytest can show it."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"a folder"
        for path in sorted(folder.rglob("*"))
    }


def build_study(url: StorageURL, cache: Path, name: str, values: list[float], **settings: Any) -> Study:
    """A study as `run` leaves it, with a complete trial for each of `values`, but without training anything."""
    chosen = StudySettings.model_validate({"data": "digits", "space": "small", **settings})
    chosen = chosen.with_absolute_paths()
    data = prepare(chosen.data_request(), cache)
    space, _ = load_space(chosen.space).restricted_to(data.spec.task, data.spec.kind, data.spec.components)
    study = create_study(name, url, chosen, space, data.spec)
    study.optuna.add_trials(complete_trials(space, values))
    return study


def close_connections(url: StorageURL, *names: str) -> None:
    """Leave a database as its runs leave it when they end: one file, and a lock file for each study."""
    for name in names:
        with study_lock(url, name):
            pass
    gc.collect()
    assert url.sqlite_path is not None
    assert not url.sqlite_path.with_name(f"{url.sqlite_path.name}-wal").exists()


def complete_trials(space: Any, values: list[float]) -> list[optuna.trial.FrozenTrial]:
    """Trials with the attributes that a worker writes."""
    memory = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1))
    for value in values:
        trial = memory.ask()
        space.suggest(trial)
        attributes = {
            "best_epoch": 2,
            "epochs": 3,
            "parameters": 1000 + trial.number,
            "accuracy": value + 0.01,
            "val_accuracy": value,
            "gap": 0.01,
            "seconds": 1.5,
        }
        for key, attribute in attributes.items():
            trial.set_user_attr(key, attribute)
        for epoch in (1, 2, 3):
            trial.report(value, epoch)
        memory.tell(trial, value)
    return memory.trials
