"""Same seed, one worker: the same study, trial by trial, wherever it was killed or interrupted."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState
from study_fakes import SPACE, FakeWorkers, Killed, killed_before

from search.data import PreparedData
from search.driving.asking import attach_search
from search.driving.dispatcher import Dispatcher
from search.driving.driver import Driver
from search.driving.progress import Progress
from search.driving.recovery import recover
from search.policies.pruners import build_pruner
from search.settings.settings import StudySettings
from search.study.creation import create_study
from search.study.study import Study, load_study
from search.study.trial_record import trial_record
from search.workers.messages import StudyJob, TrialOutcome, TrialTask
from search.workers.pool import WorkerLost
from storage import StorageURL

EPOCHS = 9


def worker(study: Study, settings: StudySettings) -> Callable[[TrialTask], TrialOutcome]:
    """Reports made-up values and asks the pruner, as a worker does, from a study of its own."""
    own = load_study(study.name, study.url).optuna
    own.pruner = build_pruner(settings)

    def play(task: TrialTask) -> TrialOutcome:
        trial = optuna.Trial(own, task.trial_id)
        steps = np.random.default_rng([task.seed, zlib.crc32(task.hyperparameters.encode())]).random(EPOCHS)
        values = np.cumsum(steps / EPOCHS).tolist()
        for epoch, value in enumerate(values, start=1):
            trial.report(value, epoch)
            if epoch < EPOCHS and trial.should_prune():
                return TrialOutcome("pruned", epoch)
        return TrialOutcome("complete", EPOCHS, value=max(values))

    return play


def drive(study: Study, settings: StudySettings, data: PreparedData, play: Any) -> None:
    job = StudyJob(
        study.name,
        study.url.full,
        study.metric,
        settings.model_dump_json(),
        data.folder,
        data.spec.fingerprint,
    )
    searched = attach_search(load_study(study.name, study.url))
    workers: Any = FakeWorkers(1, play)
    Driver(searched, job, workers, Dispatcher(Progress.of(searched))).run()


def told(study: Study) -> dict[int, tuple[Any, ...]]:
    """What each configuration was and how it ended, by its original number."""

    def facts(trial: FrozenTrial) -> tuple[Any, ...]:
        return trial.state, trial.params, trial.value, trial.intermediate_values

    trials = load_study(study.name, study.url).optuna.get_trials()
    found = {trial_record(trial).original: facts(trial) for trial in trials if trial_record(trial).counts}
    assert len(found) == sum(trial_record(trial).counts for trial in trials)
    return found


@pytest.fixture
def begin(tmp_path: Path, digits: PreparedData) -> Callable[[str, StudySettings], Study]:
    """A study by the same name in a database of its own: brackets depend on the name."""

    def make(folder: str, settings: StudySettings) -> Study:
        (tmp_path / folder).mkdir()
        url = StorageURL.parse(str(tmp_path / folder / "studies.db"))
        return create_study("one", url, settings, SPACE, digits.spec)

    return make


@pytest.mark.parametrize(("sampler", "pruner"), [("tpe", "hyperband"), ("random", "asha")])
def test_a_killed_and_resumed_study_is_the_undisturbed_one(
    begin: Callable[[str, StudySettings], Study],
    digits: PreparedData,
    monkeypatch: pytest.MonkeyPatch,
    sampler: str,
    pruner: str,
) -> None:
    settings = StudySettings.model_validate(
        {"data": "digits", "trials": 10, "epochs": EPOCHS, "sampler": sampler, "pruner": pruner, "seed": 11}
    )
    quiet = begin("quiet", settings)
    drive(quiet, settings, digits, worker(quiet, settings))
    disturbed = begin("disturbed", settings)
    chosen = random.Random(f"{sampler} {pruner}")
    kills = 0
    while True:
        study = load_study("one", disturbed.url)
        recover(study)
        with monkeypatch.context() as patch:
            killed_before(chosen.randrange(1, 60), patch)
            try:
                drive(disturbed, settings, digits, worker(disturbed, settings))
                break
            except Killed:
                kills += 1
    assert kills > 3
    assert TrialState.PRUNED in {state for state, *_ in told(quiet).values()}
    assert told(disturbed) == told(quiet)


def test_a_lost_worker_and_an_interruption_change_nothing_either(
    begin: Callable[[str, StudySettings], Study], digits: PreparedData
) -> None:
    settings = StudySettings(data="digits", trials=10, epochs=EPOCHS, seed=2)
    quiet = begin("quiet", settings)
    drive(quiet, settings, digits, worker(quiet, settings))
    disturbed = begin("disturbed", settings)
    play, seen = worker(disturbed, settings), set[int]()

    def unlucky(task: TrialTask) -> TrialOutcome | WorkerLost:
        first = task.seed not in seen
        seen.add(task.seed)
        if first and task.number % 3 == 0:
            return WorkerLost() if task.number % 2 else TrialOutcome("interrupted", 1)
        return play(task)

    drive(disturbed, settings, digits, unlucky)
    assert told(disturbed) == told(quiet)
