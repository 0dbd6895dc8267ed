"""Event files for TensorBoard while a study runs."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from search.analysis.tensorboard.runs import (
    Status,
    TrialWriter,
    check_tensorboard,
    figures_of,
    trial_folder,
    values_of,
    write_experiment,
)
from search.driving.listener import Listener
from search.driving.progress import Progress
from search.errors import InputError
from search.study.study import Study
from search.workers.messages import EpochEvent, TrialOutcome
from spaces import Hyperparameters

_STATUS: dict[str, Status] = {"complete": "complete", "pruned": "pruned"}


def check_folder(folder: Path) -> None:
    """Whether live event files can be written there, beside those of earlier runs. Writes nothing.

    Raises:
        InputError: TensorBoard is not installed, or `folder` cannot be one.
    """
    check_tensorboard()
    if os.path.lexists(folder) and not folder.is_dir():
        raise InputError(f"--tensorboard: expected a folder, but {folder} is a file; name another")
    if not folder.absolute().parent.is_dir():
        raise InputError(
            f"--tensorboard: the folder {folder.absolute().parent} does not exist; create it first"
        )


@dataclass
class _Open:
    """A trial that runs, or has ended and waits for its last epochs: they travel on another way than the outcome."""

    writer: TrialWriter
    epochs: int = 0
    outcome: TrialOutcome | None = None


class LiveEvents(Listener):
    """Writes each epoch of each trial into `folder` as it comes.

    A study does not end for a full disk here: what happened is said once, and nothing more is written.
    """

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._folder, self._say = folder, say
        self._open: dict[int, _Open] = {}
        self._lock = threading.Lock()
        self._broken = False

    def opened(self, study: Study, progress: Progress) -> None:
        self._space = study.space
        self._safely(lambda: write_experiment(self._folder, study.space, study.metric))

    def trial_started(
        self, progress: Progress, number: int, hyperparameters: Hyperparameters, what: str
    ) -> None:
        values = values_of(self._space, hyperparameters)

        def open_files() -> None:
            self._open[number] = _Open(TrialWriter(self._folder, number, values))

        self._safely(open_files)

    def epoch_ended(self, progress: Progress, event: EpochEvent) -> None:
        def write() -> None:
            trial = self._open.get(event.number)
            if trial is not None:
                trial.writer.epoch(event.epoch, event.logs)
                trial.epochs += 1
                self._finish(progress, event.number, trial)

        self._safely(write)

    def trial_ended(self, progress: Progress, number: int, outcome: TrialOutcome) -> None:
        def write() -> None:
            trial = self._open.get(number)
            if trial is not None:
                trial.outcome = outcome
                self._finish(progress, number, trial)

        self._safely(write)

    def trial_requeued(self, progress: Progress, number: int, why: str, epoch: int) -> None:
        """What was written of it is another trial's now."""
        self._safely(lambda: self._remove(number))

    def trial_rejected(self, progress: Progress, number: int, why: str) -> None:
        """By a worker, which had begun it; one that was never started has no files."""
        self._safely(lambda: self._remove(number))

    def _remove(self, number: int) -> None:
        trial = self._open.pop(number, None)
        if trial is not None:
            trial.writer.close()
            shutil.rmtree(trial_folder(self._folder, number))

    def closed(self, progress: Progress) -> None:
        def end_all() -> None:
            for number, trial in list(self._open.items()):
                self._finish(progress, number, trial, all_came=True)

        self._safely(end_all)

    def _finish(self, progress: Progress, number: int, trial: _Open, all_came: bool = False) -> None:
        outcome = trial.outcome
        if outcome is None or (trial.epochs < outcome.epochs and not all_came):
            return
        del self._open[number]
        facts = outcome.facts
        best = facts.get("at_best", {}).get(progress.metric)
        trial.writer.end(
            _STATUS.get(outcome.state, "failed"),
            None if best is None or "best_epoch" not in facts else (facts["best_epoch"], float(best)),
            figures_of(facts.get("parameters"), facts.get("seconds")),
        )
        trial.writer.close()

    def _safely(self, action: Callable[[], None]) -> None:
        with self._lock:
            if self._broken:
                return
            try:
                action()
            except OSError as error:
                self._broken = True
                self._say(
                    f"note: no more is written to {self._folder} for TensorBoard ({error.strerror or error})"
                )
