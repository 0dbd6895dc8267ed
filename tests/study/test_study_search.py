"""Samplers and pruners by name, the rungs that are announced, the budget's count, seeds."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import TrialState
from study_fakes import SPACE, with_settings

from search.data import PreparedData
from search.driving.asking import attach_search
from search.errors import InputError
from search.policies.pruners import build_pruner, describe_rungs, with_best_so_far
from search.policies.samplers import build_sampler, seed_sampler
from search.settings.settings import StudySettings
from search.study.creation import create_study
from search.study.planned_trial import PlannedTrial
from search.study.study import Study, delete_study, load_study, study_names
from search.study.trial_record import training_seed, trial_record
from spaces import Hyperparameters
from storage import StorageURL, StudyBusy, study_lock


@pytest.mark.parametrize(
    ("name", "kind"),
    [("tpe", "TPE"), ("random", "RandomSampler"), ("qmc", "QMCSampler"), ("cmaes", "CmaEsSampler")],
)
def test_every_sampler_proposes_hyperparameters_of_the_space(study: Study, name: str, kind: str) -> None:
    settings = StudySettings.model_validate({"data": "digits", "sampler": name})
    asked = attach_search(with_settings(study, settings)).optuna
    assert type(asked.sampler).__name__ == kind
    for _ in range(12):
        trial = asked.ask()
        assert SPACE.contains(SPACE.suggest(trial)) == []
        asked.tell(trial, trial.params["dropout"])


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="PyTorch is installed")
def test_gp_without_torch_says_what_to_install() -> None:
    with pytest.raises(InputError, match=r"needs PyTorch; install perceptuna\[gp\], or choose tpe"):
        build_sampler(StudySettings(data="digits", sampler="gp"), 0)


def test_the_neighbourhood_of_a_list_is_not_avoided_for_what_it_holds() -> None:
    """Bad trials that were planned leave `tpe` where it was; bad trials of its own would not."""
    space = {"x": optuna.distributions.FloatDistribution(0, 1)}

    def proposal(attributes: dict[str, object], others: int) -> float:
        sampler = build_sampler(StudySettings(data="digits", sampler="tpe"), 0)
        study = optuna.create_study(sampler=sampler, direction="maximize")
        for number in range(others):
            found = {"x": 0.97 + number / 1000}
            study.add_trial(
                optuna.create_trial(params=found, distributions=space, value=-1.0, user_attrs=attributes)
            )
        for number in range(12):
            study.add_trial(
                optuna.create_trial(params={"x": number / 12}, distributions=space, value=float(number))
            )
        seed_sampler(sampler, 0, 0)
        return study.ask(space).params["x"]

    alone = proposal({}, others=0)
    assert proposal({"planned": "{}"}, others=5) == alone
    assert proposal({}, others=5) != alone


def test_what_was_too_large_to_be_trained_is_no_start_of_a_search() -> None:
    """Ten trials are drawn at random before `tpe` trusts what it has seen, however many more did not fit."""
    space = {"x": optuna.distributions.FloatDistribution(0, 1)}
    sampler = build_sampler(StudySettings(data="digits", sampler="tpe"), 0)
    study = optuna.create_study(sampler=sampler, direction="maximize")
    pruned = {"state": TrialState.PRUNED, "user_attrs": {"infeasible": "needs 9 GB of 1 GB memory"}}

    def proposal() -> float:
        seed_sampler(sampler, 0, 0)
        asked = study.ask(space)
        study.tell(asked, state=TrialState.FAIL)
        return float(asked.params["x"])

    at_random = proposal()
    for number in range(12):
        study.add_trial(optuna.create_trial(params={"x": number / 12}, distributions=space, **pruned))
    for number in range(10):
        assert proposal() == at_random, number
        study.add_trial(optuna.create_trial(params={"x": number / 10}, distributions=space, value=number))
    assert proposal() != at_random


@pytest.mark.parametrize("pruner", ["asha", "hyperband", "median"])
def test_a_trial_of_fewer_epochs_is_compared_with_none(pruner: str) -> None:
    """Its cosine has fallen further after the same epoch: neither is it pruned there, nor are others by it."""
    settings = StudySettings.model_validate({"data": "digits", "pruner": pruner, "epochs": 30})
    planned = PlannedTrial(label="short", hyperparameters=Hyperparameters(), epochs=15).model_dump_json()

    def outcomes(attributes: dict[str, str], others: float, own: float) -> list[bool]:
        """Whether each of four trials like one of `attributes` is pruned, then one of the search."""
        study = optuna.create_study(direction="maximize", pruner=build_pruner(settings), study_name="p")
        pruned = []
        for number in range(12):
            study.enqueue_trial({}, user_attrs=attributes if number < 11 else {})
            trial = study.ask()
            value = others if number < 8 else own
            for epoch in range(1, 15):
                trial.report(value - number / 1000, epoch)
                if number >= 8 and trial.should_prune():
                    pruned.append(True)
                    break
            else:
                pruned += [False] * (number >= 8)
            study.tell(trial, value)
        return pruned

    assert outcomes({"planned": planned}, others=0.9, own=0.1) == [False] * 4
    assert any(outcomes({}, others=0.9, own=0.1))


@pytest.mark.parametrize("pruner", ["asha", "hyperband", "median"])
def test_a_known_configuration_runs_to_its_end_and_others_are_measured_by_it(pruner: str) -> None:
    settings = StudySettings.model_validate({"data": "digits", "pruner": pruner, "epochs": 30})
    known = PlannedTrial(label="k", hyperparameters=Hyperparameters(), to_its_end=True).model_dump_json()

    def ends(values: list[float], attributes: list[dict[str, str]]) -> list[int]:
        """The epoch after which each trial, of one value throughout, ends."""
        study = optuna.create_study(direction="maximize", pruner=build_pruner(settings), study_name="p")
        ended = []
        for value, attribute in zip(values, attributes, strict=True):
            study.enqueue_trial({}, user_attrs=attribute)
            trial = study.ask()
            for epoch in range(1, 31):
                trial.report(value, epoch)
                if epoch < 30 and trial.should_prune():
                    break
            study.tell(trial, value)
            ended.append(epoch)
        return ended

    slow = [0.9 - number / 100 for number in range(12)]
    assert ends(slow, [{"planned": known}] * 12) == [30] * 12
    assert min(ends(slow, [{}] * 12)) < 30
    assert min(ends([*slow, 0.1, 0.1, 0.1], [{"planned": known}] * 12 + [{}] * 3)[12:]) < 30


def test_a_resumed_study_does_not_repeat_its_first_proposals(study: Study) -> None:
    settings = StudySettings(data="digits", sampler="tpe", seed=5)

    def proposal(so_far: int) -> dict[str, object]:
        fresh = optuna.create_study(sampler=build_sampler(settings, so_far))
        trial = fresh.ask()
        SPACE.suggest(trial)
        return trial.params

    assert proposal(0) == proposal(0)
    assert proposal(0) != proposal(10)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("hyperband", "Hyperband"),
        ("asha", "Hyperband"),
        ("median", "Median"),
        ("none", "NopPruner"),
    ],
)
def test_every_pruner_has_its_name(name: str, kind: str) -> None:
    assert (
        type(build_pruner(StudySettings.model_validate({"data": "digits", "pruner": name}))).__name__ == kind
    )


def steps_that_prune(settings: StudySettings, trials: int) -> dict[int, set[int]]:
    """Epochs at which trials are pruned when each improves no more from some epoch on, by bracket (0 without)."""
    pruner = build_pruner(settings)
    study = optuna.create_study(direction="maximize", pruner=pruner, study_name="rungs")
    found: dict[int, set[int]] = {}
    for number in range(trials):
        trial = study.ask()
        # A worker does not ask at the last epoch: a trial that has run them all is complete.
        for epoch in range(1, settings.epochs):
            # Until some epoch the trial is better than any before and then stays, so that each rung has its victims.
            stays_from = (number * 7) % settings.epochs
            trial.report(1000.0 * min(epoch, stays_from) + number, epoch)
            if trial.should_prune():
                frozen = study._storage.get_trial(trial._trial_id)
                bracket = (
                    pruner._get_bracket_id(study, frozen)
                    if isinstance(pruner, optuna.pruners.HyperbandPruner)
                    else 0
                )
                found.setdefault(bracket, set()).add(epoch)
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            study.tell(trial, 1.0)
    return found


@pytest.mark.parametrize("epochs", [1, 2, 5, 9, 10, 27, 30, 100])
@pytest.mark.parametrize("pruner", ["asha", "hyperband"])
def test_the_rungs_announced_are_those_where_trials_are_pruned(epochs: int, pruner: str) -> None:
    settings = StudySettings.model_validate({"data": "digits", "epochs": epochs, "pruner": pruner})
    text = describe_rungs(settings)
    brackets = re.findall(r"bracket (\d): ([0-9, ]+|none)", text) or [
        ("0", re.search(r"after epoch ([0-9]+|none)", text)[1])  # type: ignore[index]
    ]
    announced = {
        int(bracket): {int(rung) for rung in rungs.split(", ") if rung != "none"}
        for bracket, rungs in brackets
    }
    seen = steps_that_prune(settings, trials=120 if pruner == "asha" else 400)
    assert seen == {bracket: rungs for bracket, rungs in announced.items() if rungs}


def test_other_pruners_are_announced_too() -> None:
    assert (
        describe_rungs(StudySettings(data="digits", pruner="none"))
        == "pruning: none, every trial may run all its epochs"
    )
    assert "after each epoch from epoch 3 on, once 5 trials" in describe_rungs(
        StudySettings(data="digits", pruner="median")
    )


def test_the_median_rule_spares_the_first_trials_and_epochs() -> None:
    settings = StudySettings(data="digits", pruner="median", epochs=30)
    study = optuna.create_study(direction="maximize", pruner=build_pruner(settings))
    pruned = []
    for number in range(8):
        trial = study.ask()
        for epoch in range(1, 30):
            trial.report(-float(number), epoch)
            if trial.should_prune():
                pruned.append((number, epoch))
                break
        study.tell(trial, -float(number))
    assert pruned[0] == (5, 3)


@given(st.integers(0, 2**32 - 1), st.integers(0, 10**6))
def test_a_training_seed_fits_every_generator(study_seed: int, number: int) -> None:
    seed = training_seed(study_seed, number)
    assert 0 <= seed < 2**32
    assert seed == training_seed(study_seed, number)


def test_training_seeds_differ_between_trials_and_studies() -> None:
    assert len({training_seed(study, number) for study in range(20) for number in range(50)}) == 1000


def test_a_trial_that_was_run_again_does_not_count(study: Study) -> None:
    asked = study.optuna
    for state, attributes in (
        (optuna.trial.TrialState.COMPLETE, {}),
        (optuna.trial.TrialState.PRUNED, {}),
        (optuna.trial.TrialState.FAIL, {}),
        (optuna.trial.TrialState.FAIL, {"requeued": "its driver died"}),
    ):
        trial = asked.ask()
        for key, value in attributes.items():
            trial.set_user_attr(key, value)
        asked.tell(trial, 0.5 if state.name == "COMPLETE" else None, state=state)
    asked.ask()  # running
    asked.enqueue_trial({"width": 8}, user_attrs={"original_number": 3})  # waiting
    assert [trial.number for trial in study.finished()] == [0, 1, 2]
    assert [trial_record(trial).counts for trial in asked.trials] == [True, True, True, False, False, False]
    assert [trial_record(trial).original for trial in asked.trials] == [0, 1, 2, 3, 4, 3]


def test_of_equal_values_the_one_that_was_complete_first_is_the_best(study: Study) -> None:
    trials = [study.optuna.ask() for _ in range(4)]
    for trial, value in reversed(list(zip(trials, (0.5, 0.7, 0.7, 0.6), strict=True))):
        study.optuna.tell(trial, value)
    best = study.best_trial()
    assert best is not None
    assert best.number == 2
    assert [trial.number for trial in study.ranked()] == [2, 1, 3, 0]


class TestStudies:
    def test_a_study_carries_all_that_resuming_needs(
        self, study: Study, settings: StudySettings, digits: PreparedData
    ) -> None:
        again = load_study("one", study.url)
        assert again.settings == settings.model_copy(update={"metric": "val_accuracy"})
        assert again.space == SPACE
        assert again.data == digits.spec
        assert (again.metric, again.direction) == ("val_accuracy", "maximize")

    def test_a_name_is_given_once(self, study: Study, settings: StudySettings, digits: PreparedData) -> None:
        with pytest.raises(
            InputError, match=r"'one' is already in .*; go on with it by `perceptuna resume one "
        ):
            create_study("one", study.url, settings, SPACE, digits.spec)

    def test_an_unknown_study_is_answered_with_what_there_is(self, study: Study) -> None:
        with pytest.raises(InputError, match=r"no study 'two' in .*; there are: one"):
            load_study("two", study.url)
        with pytest.raises(InputError, match="did you mean 'one'"):
            load_study("onne", study.url)

    def test_a_study_of_another_program_is_named_as_such(self, study: Study) -> None:
        optuna.create_study(study_name="foreign", storage=study.optuna._storage)
        with pytest.raises(InputError, match=r"'foreign' in .* was not made by perceptuna"):
            _ = load_study("foreign", study.url).settings

    def test_there_are_no_studies_where_there_is_no_database(self, tmp_path: Path) -> None:
        assert study_names(StorageURL.parse(str(tmp_path / "none.db"))) == []
        assert list(tmp_path.iterdir()) == []

    def test_a_study_that_is_driven_is_not_deleted(self, study: Study) -> None:
        with study_lock(study.url, "one"), pytest.raises(StudyBusy):
            delete_study(study)
        delete_study(study)
        assert study_names(study.url) == []


def test_a_trial_is_compared_by_its_best_value_so_far(study: Study) -> None:
    """One bad epoch at a rung ends no trial; another that never was better is ended."""
    settings = StudySettings(data="digits", epochs=9, pruner="asha")
    pruner = build_pruner(settings)
    worker = optuna.load_study(study_name=study.name, storage=study.optuna._storage, pruner=pruner)

    def pruned(*values: float) -> bool:
        trial = worker.ask()
        SPACE.suggest(trial)
        for epoch, value in enumerate(values, start=1):
            trial.report(value, epoch)
            if trial.should_prune():
                return True
        return False

    assert not pruned(0.5, 0.6, 0.62)
    assert not pruned(0.5, 0.61, 0.63)
    assert not pruned(0.55, 0.64, 0.2)
    assert pruned(0.2, 0.3, 0.3)


def test_the_best_so_far_follows_the_direction() -> None:
    trial = optuna.trial.create_trial(value=1.0, intermediate_values={1: 0.3, 2: 0.7, 3: 0.5})
    assert with_best_so_far(trial, "MAXIMIZE").intermediate_values[3] == 0.7
    assert with_best_so_far(trial, "MINIMIZE").intermediate_values[3] == 0.3
    assert trial.intermediate_values[3] == 0.5
