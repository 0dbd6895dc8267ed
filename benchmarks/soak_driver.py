"""perceptuna's command line with trials that cost nothing: to be killed often, at instants that are not training.

    python -m benchmarks.soak_driver run STUDY …      (commands and options as of perceptuna)

Everything is perceptuna's own, start and resume, driver, database, lock, artifacts, except the workers: threads of
this process that report made-up values. A value depends on the hyperparameters and the seed alone.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
import zlib
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate

import numpy as np
import optuna

import search.running.drive
from search.policies.pruners import build_pruner
from search.settings.metrics import is_better
from search.settings.settings import StudySettings
from search.study.study import load_study
from search.workers.local import LocalWorkers
from search.workers.messages import EpochEvent, StudyJob, TrialOutcome, TrialTask
from storage import StorageURL

_EPOCH_SECONDS = float(os.environ.get("SOAK_EPOCH_SECONDS", "0.01"))


class MadeUpWorkers:
    """Stands in for `search.workers.local_pool.LocalPool`."""

    def __init__(self, fleet: LocalWorkers, on_epoch: Callable[[EpochEvent], None], **limits: object) -> None:
        del limits
        self.slots = fleet.count
        self._say = fleet._say
        self._on_epoch = on_epoch
        self._stop = threading.Event()
        self._done: queue.SimpleQueue[tuple[TrialTask, TrialOutcome]] = queue.SimpleQueue()

    def __enter__(self) -> MadeUpWorkers:
        # As those that are processes: the soak waits for the word.
        self._say(f"starting {self.slots} made-up workers …")
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()

    def submit(self, task: TrialTask) -> None:
        threading.Thread(target=self._run, args=(task,), daemon=True).start()

    def collect(self, timeout: float) -> list[tuple[TrialTask, TrialOutcome]]:
        try:
            return [self._done.get(timeout=timeout)]
        except queue.Empty:
            return []

    def stop_trials(self) -> None:
        self._stop.set()

    def _run(self, task: TrialTask) -> None:
        settings = StudySettings.model_validate_json(task.job.settings)
        trial = optuna.Trial(_opened(task.job, threading.get_ident()), task.trial_id)
        curve = learning_curve(task, settings.epochs)
        self._done.put((task, self._outcome(task, trial, curve, settings.epochs)))

    def _outcome(self, task: TrialTask, trial: optuna.Trial, curve: list[float], epochs: int) -> TrialOutcome:
        for epoch, value in enumerate(curve, start=1):
            time.sleep(_EPOCH_SECONDS)
            trial.report(value, epoch)
            self._on_epoch(EpochEvent(task.number, epoch, value))
            if self._stop.is_set():
                return TrialOutcome("interrupted", epoch)
            if epoch < epochs and trial.should_prune():
                reason = f"pruned at epoch {epoch}"
                return TrialOutcome("pruned", epoch, reason=reason, facts={"seed": task.seed})
        better = is_better(max(curve), task.best, "maximize")
        model = f"model of trial {task.number}".encode() if better else None
        return TrialOutcome("complete", epochs, value=max(curve), facts={"seed": task.seed}, model=model)


def learning_curve(task: TrialTask, epochs: int) -> list[float]:
    """A value for each epoch, rising."""
    generator = np.random.default_rng([task.seed, zlib.crc32(task.hyperparameters.encode())])
    return list(accumulate(float(step) for step in generator.random(epochs) / epochs))


@lru_cache(maxsize=64)
def _opened(job: StudyJob, thread: int) -> optuna.Study:
    del thread  # one connection each
    study = load_study(job.study, StorageURL.parse(job.url)).optuna
    study.pruner = build_pruner(StudySettings.model_validate_json(job.settings))
    return study


def main() -> None:
    search.running.drive.workers_of = MadeUpWorkers  # type: ignore[assignment]
    from search.__main__ import main as run

    run()


def forked(words: list[str], output: str, environment: dict[str, str]) -> None:
    """The command in a process that was forked: as it would be in one that was started, its imports done."""
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for standard, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(file, standard)
        setattr(sys, name, open(standard, "w", encoding="utf-8", closefd=False))  # noqa: SIM115
    os.environ |= environment
    sys.argv = ["perceptuna", *words]
    main()


if __name__ == "__main__":
    main()
