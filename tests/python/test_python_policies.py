"""Samplers and pruners of Optuna's or of one's own: written down, made again, refused where that cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import policies
import pytest
from flowers import SPACE, flowers
from workers_here import trained_here

import perceptuna as pt
from search.errors import InputError
from search.policies.pruners import describe_rungs
from search.policies.samplers import build_sampler
from search.settings.own_policies import own_pruner, own_sampler
from search.settings.settings import StudySettings
from search.settings.written_policies import written
from search.study.study import load_study
from storage import StorageURL

S, P = optuna.samplers, optuna.pruners

WRITTEN: dict[str, Any] = {
    "optuna.samplers:TPESampler": S.TPESampler(seed=3),
    "optuna.samplers:TPESampler(n_startup_trials=3, multivariate=True, constant_liar=False)": S.TPESampler(
        n_startup_trials=3, multivariate=True, constant_liar=False
    ),
    "optuna.samplers:CmaEsSampler(independent_sampler=optuna.samplers.TPESampler(n_startup_trials=2), popsize=7)": (
        S.CmaEsSampler(independent_sampler=S.TPESampler(n_startup_trials=2), popsize=7)
    ),
    "optuna.samplers:QMCSampler(qmc_type='halton', scramble=True)": S.QMCSampler(
        qmc_type="halton", scramble=True, seed=1
    ),
    "optuna.samplers:NSGAIISampler(population_size=12, mutation_prob=0.2, "
    "crossover=optuna.samplers.nsgaii.SBXCrossover(eta=3.0))": S.NSGAIISampler(
        population_size=12, mutation_prob=0.2, crossover=S.nsgaii.SBXCrossover(eta=3.0)
    ),
    "optuna.samplers:PartialFixedSampler(fixed_params={'depth': 2}, base_sampler=optuna.samplers.RandomSampler())": (
        S.PartialFixedSampler({"depth": 2}, S.RandomSampler(seed=1))
    ),
    "optuna.pruners:MedianPruner(n_warmup_steps=3)": P.MedianPruner(n_warmup_steps=3),
    "optuna.pruners:PercentilePruner(percentile=25.0)": P.PercentilePruner(25.0),
    "optuna.pruners:WilcoxonPruner(p_threshold=0.2)": P.WilcoxonPruner(p_threshold=0.2),
    "optuna.pruners:WilcoxonPruner(p_threshold=0.25)": P.WilcoxonPruner(p_threshold=np.float64(0.25)),
    "optuna.pruners:HyperbandPruner(max_resource=20)": P.HyperbandPruner(max_resource=20),
    "optuna.pruners:ThresholdPruner(upper=0.5)": P.ThresholdPruner(upper=0.5),
    "optuna.pruners:PatientPruner(wrapped_pruner=optuna.pruners.MedianPruner(n_startup_trials=2), patience=2)": (
        P.PatientPruner(P.MedianPruner(n_startup_trials=2), patience=2)
    ),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_an_object_is_written_as_the_text_that_makes_an_equal_one(text: str) -> None:
    of_pruners = text.startswith("optuna.pruners")
    assert written(WRITTEN[text], "it") == text
    again = own_pruner(text) if of_pruners else own_sampler(text, 3)
    assert written(again, "it") == text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            S.TPESampler(constraints_func=lambda trial: (0.0,)),
            "its arguments cannot be told from what it holds",
        ),
        (policies.Kept(["here"]), "has to make this Kept again"),
        ("tpe", "expected a name, a sampler of Optuna's, or a function"),
    ],
)
def test_an_object_that_cannot_be_made_again_is_refused(given: Any, said: str) -> None:
    with pytest.raises(InputError) as refusal:
        written(given, "sampler")
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "os:system(command='touch here')",
            "with arguments, expected a class derived from optuna's BaseSampler",
        ),
        (
            "optuna.samplers:QMCSampler(qmc_type=open('x'))",
            "expected numbers, texts, lists, or what optuna.samplers",
        ),
        (
            "optuna.samplers:CmaEsSampler(independent_sampler=optuna.os.abort())",
            "expected something of optuna.samplers or",
        ),
        (
            "optuna.samplers:NSGAIISampler(crossover=optuna.samplers.nsga.UniformCrossover())",
            "expected something of optuna.samplers or",
        ),
        (
            "optuna.samplers:NSGAIISampler(crossover=optuna.samplers.nsgaii.UniformCrossover(share=1))",
            "cannot read its arguments: UniformCrossover.__init__() got an unexpected keyword",
        ),
        ("optuna.samplers:QMCSampler(1)", "expected argument=value"),
        ("optuna.samplers:QMCSampler(", "cannot read its arguments"),
        ("optuna.samplers:CmaEsSampler(sigma=3)", "it cannot be made: TypeError"),
        ("optuna.pruners:MedianPruner", "expected optuna's BaseSampler, but got MedianPruner"),
        ("optuna.samplers:TPE", "expected a class, a function that returns"),
        ("policies:nothing", "expected optuna's BaseSampler, but got NoneType"),
        ("nowhere:sampler", "there is no module 'nowhere'"),
        ("policies:", "such as policies:sampler for `sampler` in policies.py"),
        ("optuna.samplers:BruteForceSampler", "BruteForceSampler has to end the study itself"),
    ],
)
def test_a_text_that_makes_no_sampler_is_refused_and_calls_nothing_else(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as refusal:
        own_sampler(text, 0)
    assert said in str(refusal.value)
    assert not [*tmp_path.iterdir()]


def test_a_sampler_has_the_seed_of_the_study_and_of_its_trials_so_far() -> None:
    settings = StudySettings(data="digits", sampler="policies:seeded")
    for so_far in (0, 5, 0):
        build_sampler(settings, so_far)
    first, later, again = policies.seeds[-3:]
    assert first == again != later


def test_what_is_said_of_a_pruner_is_its_text() -> None:
    settings = StudySettings(data="digits", pruner="policies:strict", folds=5)
    assert describe_rungs(settings) == "pruning: policies:strict, asked after each fold"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PERCEPTUNA_STORAGE", raising=False)
    with trained_here():
        yield tmp_path


HOW: dict[str, Any] = {
    "target": "kind",
    "space": SPACE,
    "epochs": 2,
    "workers": 1,
    "known": False,
    "show": False,
}


def test_a_study_is_searched_and_resumed_by_them(folder: Path) -> None:
    study = pt.search(
        flowers(),
        name="own",
        trials=1,
        metric="val_crossentropy",
        sampler=S.NSGAIISampler(population_size=2),
        pruner="policies:strict",
        **HOW,
    )
    study.resume(add=2, show=False)
    stored = load_study("own", StorageURL.parse("sqlite:///perceptuna.db"))
    assert stored.settings.sampler == "optuna.samplers:NSGAIISampler(population_size=2)"
    # A cross-entropy is above 0, so that each trial was pruned after its first epoch; NSGA-II marks its generations.
    assert [(trial.state.name, trial.epochs) for trial in stored.trials()] == [("PRUNED", 1)] * 3
    assert all("NSGAIISampler:generation" in trial.optuna.system_attrs for trial in stored.trials())


def test_a_sampler_that_fails_stops_the_study_with_its_reason(folder: Path) -> None:
    with pytest.raises(
        pt.StudyStopped, match=r"--sampler policies:Failing fails.*the server of proposals is away"
    ):
        pt.search(flowers(), name="fails", trials=1, sampler=policies.Failing, **HOW)


def test_what_cannot_be_made_is_refused_before_anything_is_written(folder: Path) -> None:
    with pytest.raises(pt.InputError, match="cannot be told"):
        pt.search(flowers(), sampler=policies.Kept(["here"]), **HOW)
    with pytest.raises(pt.InputError, match="expected optuna's BasePruner, but got RandomSampler"):
        pt.search(flowers(), pruner="optuna.samplers:RandomSampler", **HOW)
    with pytest.raises(
        pt.InputError, match=r"or module:name of your own, but got 'tpee' .did you mean 'tpe'"
    ):
        pt.search(flowers(), sampler="tpee", **HOW)
    assert [*folder.iterdir()] == []
