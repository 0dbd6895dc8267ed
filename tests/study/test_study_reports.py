"""Epochs are reported several in one transaction; the pruner is asked where it compares, and decides the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

from search.policies.pruners import build_pruner, is_asked_after
from search.settings.settings import StudySettings
from search.workers.reports import Reports
from storage import StorageURL, open_storage
from storage.study_storage import StudyStorage


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def storage(tmp_path: Path) -> StudyStorage:
    return open_storage(StorageURL.of_file(tmp_path / "studies.db"), create=True)


def test_values_are_known_to_the_trial_at_once_and_to_others_twice_a_second(
    storage: StudyStorage, tmp_path: Path
) -> None:
    study, clock = optuna.create_study(study_name="one", storage=storage), Clock()
    trial = study.ask()
    reports = Reports(trial, storage, clock)

    def written() -> list[int]:
        other = open_storage(StorageURL.of_file(tmp_path / "studies.db"))
        return [*optuna.load_study(study_name="one", storage=other).trials[0].intermediate_values]

    for epoch in (1, 2, 3):
        clock.seconds += 0.1
        reports.add(epoch, epoch / 10)
    assert trial._cached_frozen_trial.intermediate_values == {1: 0.1, 2: 0.2, 3: 0.3}
    assert written() == []
    clock.seconds += 0.25
    reports.add(4, 0.4)
    assert written() == [1, 2, 3, 4]
    reports.add(5, 0.5)
    assert written() == [1, 2, 3, 4]
    reports.write()
    reports.write()
    assert written() == [1, 2, 3, 4, 5]


def curves(trials: int, epochs: int) -> np.ndarray[Any, Any]:
    random = np.random.default_rng(7)
    ends = random.uniform(0.3, 0.9, (trials, 1))
    found: np.ndarray[Any, Any] = ends * (1 - 0.6 ** np.arange(1, epochs + 1))
    return found + random.normal(0, 0.02, (trials, epochs))


@pytest.mark.parametrize("epochs", [1, 2, 5, 10, 30, 60])
@pytest.mark.parametrize("pruner", ["asha", "hyperband", "median", "none"])
def test_a_pruner_that_is_asked_where_it_compares_decides_as_if_it_were_asked_after_each_epoch(
    pruner: Any, epochs: int
) -> None:
    settings = StudySettings(data="digits", epochs=epochs, pruner=pruner)

    def decided(rarely: bool) -> tuple[list[int], list[dict[str, Any]], int]:
        study = optuna.create_study(
            study_name="one", direction="maximize", pruner=build_pruner(settings),
            sampler=optuna.samplers.RandomSampler(seed=0),
        )  # fmt: skip
        ends, asked = [], 0
        for curve in curves(24, epochs):
            trial, state = study.ask(), optuna.trial.TrialState.COMPLETE
            for epoch, value in enumerate(curve, start=1):
                trial.report(value, epoch)
                if epoch == epochs:
                    break
                if rarely and not is_asked_after(epoch, settings):
                    continue
                asked += 1
                if trial.should_prune():
                    state = optuna.trial.TrialState.PRUNED
                    break
            ends.append(epoch)
            study.tell(trial, 0.5 if state.name == "COMPLETE" else None, state)
        return ends, [one.system_attrs for one in study.trials], asked

    each, often = decided(rarely=False), decided(rarely=True)
    assert often[:2] == each[:2]
    if pruner in ("asha", "hyperband") and epochs >= 10:
        assert min(each[0]) < epochs, "nothing was pruned, so nothing is shown"
        assert often[2] < each[2] / 2
