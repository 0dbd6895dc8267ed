"""Commands as real processes in a folder of their own, and what their database and their output say of them."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from optuna.trial import FrozenTrial, TrialState

from search.cli import main
from search.study.study import Study, load_study
from storage import StorageURL


@dataclass
class Command:
    """One `perceptuna` command that runs, and the processes it started."""

    process: subprocess.Popen[str]
    output: Path
    children: set[psutil.Process] = field(default_factory=set)

    def look(self) -> None:
        """Remember the children of this moment: those of a dead parent cannot be found."""
        self.children |= set(psutil.Process(self.process.pid).children(recursive=True))

    def workers(self) -> list[psutil.Process]:
        return [
            child
            for child in self.children
            if child.is_running() and "search.workers.serving" in " ".join(child.cmdline())
        ]

    def end(self, seconds: float = 240) -> int:
        return self.process.wait(seconds)

    def survivors(self, patience: float = 20) -> list[psutil.Process]:
        """Processes of this command that are still there; they have a moment to notice."""
        return psutil.wait_procs(list(self.children), timeout=patience)[1]

    def text(self) -> str:
        return self.output.read_text()


@dataclass
class Place:
    """A folder with a database of its own."""

    folder: Path
    commands: list[Command] = field(default_factory=list)

    @property
    def url(self) -> StorageURL:
        return StorageURL.parse(str(self.folder / "studies.db"))

    def start(self, line: str, module: str = "search") -> Command:
        output = self.folder / f"output-{len(self.commands)}.txt"
        environment = {**os.environ, "PERCEPTUNA_CACHE": str(self.folder / "cache")}
        with output.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *line.split(), "--storage", str(self.url)],
                cwd=self.folder,
                env=environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self.commands.append(Command(process, output))
        return self.commands[-1]

    def study(self) -> Study:
        return load_study("crash", self.url)

    def trials(self) -> list[FrozenTrial]:
        return self.study().optuna.get_trials()

    def until(
        self,
        condition: Callable[[list[FrozenTrial]], bool],
        command: Command,
        seconds: float = 300,
        stopped: bool = False,
    ) -> None:
        """Wait for `condition` of the trials while `command` runs, and note the processes that it starts.

        `stopped`: the driver stands still while it is looked at, and is left so where the condition holds. It alone
        ends trials, so that what was seen is still so when it is killed, however short trials are.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert command.process.poll() is None, command.text()
            command.look()
            if (self.folder / "studies.db").exists() and "starting" in command.text():
                if stopped:
                    command.process.send_signal(signal.SIGSTOP)
                if condition(self.trials()):
                    return
                command.process.send_signal(signal.SIGCONT)
            time.sleep(0.25)  # each look opens the database
        raise AssertionError(f"nothing of the sort within {seconds} s:\n{command.text()}")


def training(trials: list[FrozenTrial]) -> list[FrozenTrial]:
    """Trials that run and have reported an epoch."""
    return [trial for trial in trials if trial.state is TrialState.RUNNING and trial.intermediate_values]


def in_state(trials: list[FrozenTrial], *states: TrialState) -> list[FrozenTrial]:
    return [trial for trial in trials if trial.state in states]


@dataclass
class Said:
    """A command that was called in this process, while another process drives the study."""

    code: int
    text: str


def called(line: str, url: StorageURL) -> Said:
    said, code = io.StringIO(), 0
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        patch.setattr(sys, "argv", ["perceptuna", *line.split(), "--storage", str(url)])
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return Said(code, said.getvalue())
