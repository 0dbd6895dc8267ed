"""What a study will take: known answers of the simulation, and a real calibration."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import optuna
import pytest
from rich.console import Console

from search.driving.remaining import Interval, sums_to_come
from search.errors import InputError
from search.forecast.calibration import Costs, TrialCost
from search.forecast.forecast import (
    _fit,
    _makespan,
    _simulate_epochs,
    forecast_from_costs,
    forecast_from_study,
)
from search.forecast.plan import plan_study
from search.forecast.view import forecast_view
from search.policies.pruners import brackets, build_pruner
from search.settings.settings import StudySettings
from search.study.study import Study
from spaces import load_space
from storage import StorageURL


def cost(epoch_seconds: float = 1.0, steps: int = 10, work: float = 1e6, **changes: object) -> TrialCost:
    values = {"structure": ("a",), "epochs": 9, "before": 0.0, "after": 0.0, "whole": False, **changes}
    return TrialCost(steps=steps, work=work, epoch_seconds=epoch_seconds, **values)  # type: ignore[arg-type]


def costs(*trials: TrialCost, start_seconds: float = 0.0) -> Costs:
    return Costs([*trials], start_seconds, 10**9, 50.0, 100.0, 10.0, 1000.0, 5000.0, 1.0)


@pytest.mark.parametrize("epochs", [1, 9, 30, 100])
def test_brackets_and_their_shares_are_those_of_optunas_hyperband(epochs: int) -> None:
    settings = StudySettings(data="digits", epochs=epochs, pruner="hyperband")
    study = optuna.create_study()
    pruner = build_pruner(settings)
    pruner._try_initialization(study)  # type: ignore[attr-defined]
    budgets = pruner._trial_allocation_budgets  # type: ignore[attr-defined]
    found = brackets(settings)
    assert [bracket.share for bracket in found] == pytest.approx([one / sum(budgets) for one in budgets])
    optunas = [pruner._min_resource * 3**k for k in range(len(found))]  # type: ignore[attr-defined]
    # In its second half no trial is ended.
    firsts = [rung if 2 * rung <= epochs else epochs for rung in optunas]
    assert [bracket.rungs[0] if bracket.rungs else epochs for bracket in found] == firsts


def test_half_of_the_trials_pass_the_rung_in_the_long_run() -> None:
    settings = StudySettings(data="digits", pruner="asha", epochs=30)
    ran, pruned, reached = _simulate_epochs(settings, [cost()], 2000, np.random.default_rng(0))
    assert list(reached) == [2000]
    assert pruned.mean() == pytest.approx(1 / 2, abs=0.03)
    assert set(ran) == {10, 30}


@pytest.mark.parametrize("pruner", ["asha", "hyperband"])
def test_the_simulated_rungs_agree_with_optunas_pruner_on_random_values(pruner: str) -> None:
    """The same study by Optuna itself: values in random order, that do not change over the epochs."""
    settings = StudySettings.model_validate({"data": "digits", "pruner": pruner, "epochs": 9})
    random = np.random.default_rng(3)
    ran = []
    for repeat in range(8):
        study = optuna.create_study(
            study_name=f"r{repeat}", pruner=build_pruner(settings), direction="maximize"
        )
        for _ in range(40):
            trial, value = study.ask(), float(random.random())
            for epoch in range(1, 10):
                trial.report(value, epoch)
                if epoch < 9 and trial.should_prune():
                    break
            study.tell(trial, value)
            ran.append(epoch)
    simulated = [_simulate_epochs(settings, [cost()], 40, random)[0].mean() for _ in range(200)]
    assert np.mean(simulated) == pytest.approx(np.mean(ran), rel=0.12)


def test_without_pruning_every_trial_runs_as_long_as_trials_do_by_themselves() -> None:
    settings = StudySettings(data="digits", pruner="none", epochs=30)
    one = [cost(epochs=12, whole=True)]
    ran, pruned, _ = _simulate_epochs(settings, one, 50, np.random.default_rng(0))
    assert set(ran) == {12}
    assert not pruned.any()


def test_the_cost_of_an_epoch_is_found_again() -> None:
    """0.1 s, 2 ms for each step, 1 ns for each row and parameter."""
    points = [(10, 1e6), (100, 1e6), (10, 1e9), (50, 3e8), (5, 1e7)]
    sample = [cost(0.1 + 0.002 * steps + 1e-9 * work, steps, work) for steps, work in points]
    assert _fit(sample) == pytest.approx([0.1, 0.002, 1e-9], rel=1e-6)


def test_trials_go_to_the_worker_that_is_free_first() -> None:
    assert _makespan(np.array([3.0, 1.0, 1.0, 1.0]), 2) == 3
    assert _makespan(np.array([1.0, 1.0, 1.0]), 8) == 1


def test_a_forecast_adds_up(trained_study: Study) -> None:
    """Ten seconds of start, and 60 trials of 5 epochs of a second, on two workers."""
    settings = StudySettings(data="digits", trials=60, epochs=5, pruner="none", workers=2)
    made = forecast_from_costs(
        costs(*[cost()] * 8, start_seconds=10.0), settings, load_space("small"), trained_study.data
    )
    assert made.epochs.middle == 300
    assert made.pruned.high == 0
    assert made.rungs == []
    assert made.database_bytes == 50 + 60 * 100 + 300 * 10
    assert made.artifact_bytes == 60 * 1000 + 5000
    assert made.seconds.low > 10


def test_half_of_a_studys_trials_tell_of_the_other_half(trained_study: Study) -> None:
    settings = trained_study.settings.changed({"trials": 12})
    made = forecast_from_study(trained_study, settings)
    assert made is not None
    assert made.trials == 6
    ran = np.array([len(trial.intermediate_values) for trial in trained_study.finished()])
    assert made.epochs.low <= ran.sum() <= made.epochs.high
    # As the time left: what comes differs from its mean as what came did.
    assert made.epochs == Interval.of(sums_to_come(ran, 6, 6))
    assert made.seconds.middle > 0


def test_an_existing_study_is_asked_only_what_its_trials_can_answer(trained_study: Study) -> None:
    url = trained_study.url
    with pytest.raises(
        InputError, match=r"expected only --trials, --workers or --timeout .* but got --epochs"
    ):
        plan_study("real", url, None, {"epochs": 50}, print)
    forecast, planned = plan_study("real", url, None, {"trials": 100}, print)
    assert forecast.trials == 94
    assert planned.trials == 100


@pytest.mark.slow
def test_a_new_study_is_forecast_from_a_real_calibration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERCEPTUNA_CACHE", str(tmp_path / "cache"))
    # Of the baselines, which a calibration leaves out, some are outside.
    known = {"baselines": "cifar10_mlp", "allow_outside": True}
    given = {"data": "digits", "space": "small", "trials": 30, "epochs": 4, "workers": 1, **known}
    url = StorageURL.parse(str(tmp_path / "studies.db"))
    said: list[str] = []
    forecast, settings = plan_study(None, url, None, given, said.append)
    assert not (tmp_path / "studies.db").exists(), "nothing is kept"
    assert [line.split(":")[0] for line in said] == ["calibrating"] * 2
    assert 30 < forecast.epochs.low <= forecast.epochs.high <= 120
    assert 0 < forecast.seconds.low < forecast.seconds.high
    assert forecast.worker_memory is not None
    assert 2e8 < forecast.worker_memory < 5e9
    assert forecast.artifact_bytes is not None
    assert forecast.artifact_bytes > 10_000
    assert json.loads(json.dumps(forecast.to_json()))["basis"].startswith("a calibration of ")
    shown = io.StringIO()
    Console(file=shown, width=100).print(forecast_view(None, forecast, settings))
    assert shown.getvalue().startswith("plan of a new study of digits, from a calibration of ")
