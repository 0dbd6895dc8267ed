"""A target's unit decides nothing: the same table with y·c + d is trained, stopped, judged and ranked alike."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.conclusion.statistics.race import race
from search.data import DataRequest, prepare
from search.policies.pruners import build_pruner
from search.settings.settings import StudySettings
from search.training.loop import TrainingResult, train
from search.training.scoring import score_rows
from spaces import Hyperparameters

HISTORY = [("val_rmse", 1), ("rmse", 1), ("val_mae", 1), ("mae", 1), ("val_loss", 0), ("val_r2", 0)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Trains on a table of 60 rows whose target is y·c + d, until patience ends it."""
    folder = tmp_path_factory.mktemp("units")
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 3)).astype(np.float32)
    y = x @ [1.0, -0.5, 0.25] + random.normal(scale=0.5, size=60)
    one = Hyperparameters(
        depth=1,
        width=32,
        batch_norm=True,
        dropout=0.3,
        schedule="plateau",
        plateau_patience=2,
        learning_rate=0.05,
    )

    def run(c: float, d: float) -> tuple[TrainingResult, np.ndarray]:
        path = Path(folder, f"{c}-{d}.npz")
        np.savez(path, x=x, y=y * c + d)
        data = prepare(DataRequest(str(path), task="regression"), folder / "cache")
        result = train(one, data, epochs=40, patience=6, metric="val_mae", seed=1)
        scores = score_rows(one, data.spec, result.weights, *data.validation(), "mae")
        assert scores is not None
        return result, scores

    return run


@pytest.mark.parametrize(
    ("c", "d", "tolerance"),
    # By powers of two to the last bit; else the standardised target differs by its rounding.
    [(2.0**-20, 0.0, 0.0), (2.0**20, 0.0, 0.0), (1e-6, 3e-6, 1e-6), (1e6, -2e7, 1e-6)],
)
def test_a_training_is_the_same_in_every_unit(trained: Any, c: float, d: float, tolerance: float) -> None:
    """Learning rates, epochs, best epoch, values and row scores; the rate was cut and patience ended it."""
    (plain, scores), (other, other_scores) = trained(1.0, 0.0), trained(c, d)
    rates = plain.history["learning_rate"]
    assert rates[0] > rates[-1]
    assert 2 < plain.best_epoch < plain.epochs < 40
    assert other.history["learning_rate"] == rates
    assert (other.epochs, other.best_epoch) == (plain.epochs, plain.best_epoch)
    for name, power in HISTORY:
        expected = [value * c**power for value in plain.history[name]]
        assert other.history[name] == pytest.approx(expected, rel=tolerance, abs=0.0)
    assert other_scores == pytest.approx(scores * c, rel=0.0, abs=tolerance * c)


@pytest.mark.parametrize("pruner", ["asha", "hyperband", "median"])
@settings(max_examples=10)
@given(seed=st.integers(0, 10**6), power=st.integers(-20, 20))
def test_the_same_trials_are_pruned_in_every_unit(pruner: str, seed: int, power: int) -> None:
    curves = np.abs(np.random.default_rng(seed).normal(size=(8, 9)))

    def pruned(curves: np.ndarray) -> list[int]:
        """After which epoch each trial is pruned."""
        study = optuna.create_study(
            study_name="one", pruner=build_pruner(StudySettings(data="digits", epochs=9, pruner=pruner))
        )
        return [_epochs_run(study.ask(), curve, study) for curve in curves]

    assert pruned(curves * 2.0**power) == pruned(curves)


def _epochs_run(trial: optuna.Trial, curve: np.ndarray, study: optuna.Study) -> int:
    for epoch, value in enumerate(curve.tolist(), start=1):
        trial.report(value, epoch)
        if trial.should_prune():
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            return epoch
    study.tell(trial, float(curve.min()))
    return len(curve)


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), power=st.integers(-40, 40), spread=st.sampled_from([0.01, 0.1, 1.0]))
def test_a_race_ends_alike_in_every_unit(seed: int, power: int, spread: float) -> None:
    random = np.random.default_rng(seed)
    values = 1 + 0.1 * np.arange(4)[:, None] + random.normal(scale=spread * 0.1, size=(4, 5))
    rows = np.abs(1 + 0.1 * np.arange(4)[:, None] + random.normal(scale=spread, size=(4, 40)))
    sizes = {0: 40, 1: 30, 2: 20, 3: 10}

    def of(unit: float) -> Any:
        by_seed = {name: dict(enumerate((unit * values[name]).tolist())) for name in sizes}
        return race(by_seed, sizes, "minimize", {name: (unit * rows[name]).tolist() for name in sizes})

    plain, other = of(1.0), of(2.0**power)
    assert (other.leader, other.winner, other.tied) == (plain.leader, plain.winner, plain.tied)
    for one, two in zip(plain.rivals, other.rivals, strict=True):
        assert (one.p is None) == (two.p is None)
        assert one.p is None or math.isclose(one.p, two.p, rel_tol=1e-9)
