"""How many trials a second one driver asks and tells, by workers at once and trials stored.

    python -m benchmarks.driver [--quick]

Everything is perceptuna's own, driver, sampler, SQLite, artifacts, except the workers: their trials take no time. They
do to the database what a worker does (open the trial, report ten epochs, ask the pruner where it compares), in the
driver's process and one after the other; that time is counted apart, as workers spend it in processes of their own.
Every other trial is reported as a user of Optuna does it: each epoch by itself, with a question after each. What a
driver does is all that stands in `search/driving/`: ask and suggest, submit, attributes and two artifacts, tell.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, cast

import optuna

from benchmarks.large_study import made_study
from benchmarks.measure import command_line, write_result
from search.driving.asking import attach_search
from search.driving.dispatcher import Dispatcher
from search.driving.driver import Driver
from search.driving.note import NoteKeeper
from search.driving.progress import Progress
from search.policies.pruners import build_pruner, is_asked_after
from search.settings.settings import StudySettings
from search.study.study import Study, load_study
from search.study.study_record import keep_study_facts
from search.workers.messages import StudyJob, TrialOutcome, TrialTask
from search.workers.reports import Reports
from storage import StorageURL
from storage.study_storage import StudyStorage

EPOCHS = 10
STORED = (100, 1_000, 10_000)
WORKERS = (1, 8, 64, 256)
SAMPLERS = ("tpe", "random")
# Of the trials that are counted; as many as there are workers are asked before.
COUNTED = 20


def main() -> None:
    quick = command_line(__doc__).parse_args().quick
    stored, workers = (STORED[:2], WORKERS[:2]) if quick else (STORED, WORKERS)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for count in stored:
            full = Path(folder, f"{count}.db")
            made_study(StorageURL.of_file(full), count)
            for sampler, slots in product(SAMPLERS, workers):
                copy = Path(folder, "copy.db")
                copy_database(full, copy)
                cell = {"stored": count, "sampler": sampler, "workers": slots}
                rows.append({**cell, **measured(copy, sampler, slots)})
                print(rows[-1], flush=True)
                result = write_result("driver", [{"load": os.getloadavg(), "cells": rows}], quick)
                for file in Path(folder).glob("copy.db*"):
                    shutil.rmtree(file) if file.is_dir() else file.unlink()
    print("raw numbers:", result)


def copy_database(source: Path, target: Path) -> None:
    """With what is still in its log."""
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)


def measured(path: Path, sampler: str, slots: int) -> dict[str, Any]:
    """Of `COUNTED` trials that ended while all workers were busy: milliseconds each, CPU and wall."""
    url = StorageURL.of_file(path)
    stored = load_study("large", url)
    budget = len(stored.finished()) + slots + COUNTED
    settings = StudySettings(data="digits", trials=budget, epochs=EPOCHS, sampler=sampler, workers=slots)  # type: ignore[arg-type]
    keep_study_facts(stored.optuna, {"settings": settings})
    study = load_study("large", url)
    job = StudyJob(study.name, url.full, study.metric, settings.model_dump_json(), path, "")
    workers = InstantWorkers(slots, opened(study, settings), settings)
    dispatcher = Dispatcher(Progress.of(study), NoteKeeper(study))
    driver = Driver(attach_search(study), job, workers, dispatcher)  # type: ignore[arg-type]
    with suppress(Enough):
        driver.run()
    first, last = workers.clocks[0], workers.clocks[COUNTED]
    cpu, wall, together, one_by_one, of_workers_wall = (
        1000 * (now - then) / COUNTED for now, then in zip(last, first, strict=True)
    )
    return {
        "driver_cpu_ms": round(cpu - together - one_by_one, 1),
        "driver_wall_ms": round(wall - of_workers_wall, 1),
        "trials_per_second": round(1000 / (wall - of_workers_wall), 1),
        # Each is of every other trial.
        "worker_cpu_ms": round(2 * together, 1),
        "worker_one_by_one_cpu_ms": round(2 * one_by_one, 1),
    }


def opened(study: Study, settings: StudySettings) -> optuna.Study:
    """As a worker has it: a connection of its own, and the pruner."""
    own = load_study(study.name, study.url).optuna
    own.pruner = build_pruner(settings)
    return own


class Enough(Exception):
    """All trials that are counted have ended."""


@dataclass
class InstantWorkers:
    """In place of `search.workers.local_pool.LocalPool`: trials end at once, the longest running first."""

    slots: int
    study: optuna.Study
    settings: StudySettings
    clocks: list[tuple[float, ...]] = field(default_factory=list)
    _running: deque[TrialTask] = field(default_factory=deque)
    _own: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])

    def submit(self, task: TrialTask) -> None:
        self._running.append(task)

    def collect(self, timeout: float) -> Iterator[tuple[TrialTask, TrialOutcome]]:
        del timeout
        self.clocks.append((time.process_time(), time.perf_counter(), *self._own))
        if len(self.clocks) > COUNTED:
            raise Enough
        task = self._running.popleft()
        cpu, wall = time.process_time(), time.perf_counter()
        one_by_one = len(self.clocks) % 2
        outcome = self._train(task, one_by_one=bool(one_by_one))
        self._own[one_by_one] += time.process_time() - cpu
        self._own[2] += time.perf_counter() - wall
        yield task, outcome

    def _train(self, task: TrialTask, *, one_by_one: bool) -> TrialOutcome:
        trial = optuna.Trial(self.study, task.trial_id)
        reports = Reports(trial, cast("StudyStorage", self.study._storage))
        best = 0.5 + 0.4 * (task.seed % 1000) / 1000
        for epoch in range(1, EPOCHS + 1):
            if one_by_one:
                trial.report(best - 0.3 / epoch, epoch)
                trial.should_prune()
                continue
            reports.add(epoch, best - 0.3 / epoch)
            if is_asked_after(epoch, self.settings):
                reports.write()
                trial.should_prune()
        reports.write()
        measured = {f"attribute {number}": float(number) for number in range(11)}
        files = {"learning_curve.svg": bytes(4000), "history.csv": bytes(1000)}
        return TrialOutcome(
            "complete", EPOCHS, best, facts={"at_best": measured, "environment": {"numpy": "2"}}, files=files
        )

    def stop_trials(self) -> None:
        """Nothing runs."""

    def end(self, task: TrialTask) -> None:
        """Nothing hangs."""


if __name__ == "__main__":
    main()
