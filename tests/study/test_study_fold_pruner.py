"""Which trials of a study of folds end early: by the first fold, and by signed ranks against the best."""

from __future__ import annotations

import optuna
import pytest

from search.policies.pruners import brackets, build_pruner, describe_rungs
from search.settings.settings import StudySettings
from search.study.planned_trial import PlannedTrial
from search.study.trial_facts import attributes_of
from spaces import Hyperparameters

FOLDS = 5


def settings(**changes: object) -> StudySettings:
    return StudySettings.model_validate({"data": "digits", "folds": FOLDS, **changes})


def study_of(*complete: list[float], pruner: str = "asha") -> optuna.Study:
    """Trials that were asked after each fold, and went on."""
    study = optuna.create_study(direction="maximize", pruner=build_pruner(settings(pruner=pruner)))
    for values in complete:
        trial = study.ask()
        for fold, value in enumerate(values, 1):
            trial.report(value, fold)
            trial.should_prune()
        study.tell(trial, sum(values) / len(values))
    return study


def ends_after(study: optuna.Study, values: list[float], planned: PlannedTrial | None = None) -> int | None:
    trial = study.ask()
    if planned is not None:
        for name, value in attributes_of({"planned": planned}).items():
            trial.set_user_attr(name, value)
    for fold, value in enumerate(values, 1):
        trial.report(value, fold)
        if trial.should_prune():
            return fold
    return None


GOOD = [0.8, 0.7, 0.9, 0.8, 0.85]


@pytest.mark.parametrize(
    ("values", "ended"),
    [
        ([0.1, 0.9, 0.9, 0.9], 1),
        ([0.79, 0.69, 0.89, 0.79], 3),
        ([0.79, 0.75, 0.89, 0.79], None),
        ([0.81, 0.71, 0.91, 0.81], None),
    ],
)
def test_a_trial_ends_that_is_behind(values: list[float], ended: int | None) -> None:
    study = study_of(GOOD, [0.75, 0.6, 0.6, 0.6, 0.6], [0.2, 0.2, 0.2, 0.2, 0.2])
    assert ends_after(study, values) == ended


def test_nothing_ends_the_first_trial_nor_known_configurations() -> None:
    assert ends_after(study_of(), GOOD[:4]) is None
    known = PlannedTrial(label="known", hyperparameters=Hyperparameters(), to_its_end=True)
    assert ends_after(study_of(GOOD, GOOD), [0.1, 0.1, 0.1, 0.1], known) is None


def test_without_pruning_nothing_ends() -> None:
    assert ends_after(study_of(GOOD, GOOD, pruner="none"), [0.1, 0.1, 0.1, 0.1]) is None


def test_what_is_said_is_what_is_done() -> None:
    assert [one.rungs for one in brackets(settings())] == [[1]]
    assert "the best half goes on after the first of 5 folds" in describe_rungs(settings())
    assert describe_rungs(settings(pruner="none")).startswith("pruning: none")
