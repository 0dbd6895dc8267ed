"""A real study by the command line in processes of its own, to which faults happen."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
from optuna.trial import FrozenTrial, TrialState

from search.study.study import load_study
from search.study.trial_record import trial_record
from storage import StorageURL

TRIALS = 6
RUN = (
    f"run live --data digits --space live.toml --trials {TRIALS} --epochs 60 --patience 60 --pruner none --workers 1 "
    "--sampler random --seed 5"
)
# One structure, compiled once by each worker: trials take their time by their epochs.
_SPACE = """\
depth = 1
width = { low = 16, high = 64 }
learning_rate = { low = 1e-4, high = 1e-2, log = true }
batch_size = 32
"""


class LiveStudy:
    """A study `live` at `url`, driven by commands that run in `folder`; faults are waited out for `patience` s."""

    def __init__(self, folder: Path, url: StorageURL, patience: float) -> None:
        self.folder = folder
        (folder / "live.toml").write_text(_SPACE)
        self.url = url
        self._environment = {
            **os.environ,
            "PERCEPTUNA_CACHE": str(folder / "cache"),
            "PERCEPTUNA_STORAGE_PATIENCE": str(patience),
        }
        self._output = folder / "output.txt"
        self.process: subprocess.Popen[bytes]

    def start(self, line: str) -> None:
        with self._output.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "search", *line.split(), "--storage", self.url.full],
                cwd=self.folder,
                env=self._environment,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def text(self) -> str:
        return self._output.read_text()

    def until(self, words: str, seconds: float = 180) -> None:
        """Wait until the command has said `words`."""
        deadline = time.monotonic() + seconds
        while words not in self.text():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.05)

    def end(self, seconds: float = 180) -> int:
        return self.process.wait(seconds)

    def kill(self) -> None:
        """Without any warning, and wait for its workers to be gone."""
        workers = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.wait()
        gone, alive = psutil.wait_procs(workers, timeout=30)
        assert not alive, gone

    def trials(self) -> list[FrozenTrial]:
        return load_study("live", self.url).optuna.get_trials()

    def told(self) -> dict[int, float]:
        """Value by original number, of complete trials."""
        return {
            trial_record(trial).original: float(trial.value or 0.0)
            for trial in self.trials()
            if trial.state is TrialState.COMPLETE
        }

    def is_whole(self) -> bool:
        """The budget exactly, each configuration once, and nothing left running."""
        trials = self.trials()
        finished = [trial_record(trial).original for trial in trials if trial_record(trial).counts]
        return sorted(finished) == list(range(TRIALS)) and all(trial.state.is_finished() for trial in trials)
