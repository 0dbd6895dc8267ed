"""A network that learns logarithms, and what it is compared with, are judged in the target's own units."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from one_training import fit
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from search.data import DataRequest, PreparedData, attach_preprocessing, prepare
from search.references.job import Job, carry_out
from search.references.record import Reference
from search.study.constant_answer import constant_value
from search.training.loop import TrainingResult

Array = np.ndarray


@pytest.fixture(scope="module")
def skewed(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    folder, random = tmp_path_factory.mktemp("skewed"), np.random.default_rng(0)
    x = random.normal(size=(300, 3))
    np.savez(folder / "rows.npz", x=x, y=np.exp(3 + x @ [0.5, -1.0, 0.2]))
    request = DataRequest(str(folder / "rows.npz"), task="regression", target_transform="log")
    return prepare(request, folder / "cache")


@pytest.fixture(scope="module")
def trained(skewed: PreparedData) -> TrainingResult:
    return fit(skewed, metric="val_rmse", epochs=3)


def in_units(data: PreparedData, part: str) -> Array:
    """The targets of a part."""
    _, y = data.training() if part == "training" else data.validation()
    assert data.spec.target_log is not None
    return data.spec.target_log.targets(np.asarray(y))


def test_metrics_are_of_the_answers_of_the_exported_model(
    skewed: PreparedData, trained: TrainingResult, tmp_path: Path
) -> None:
    x, _ = skewed.validation()
    features = keras.Model(inputs := keras.Input(x.shape[1:]), trained.model(inputs))
    assert skewed.spec.target_log is not None
    answers = skewed.spec.target_log.answers(np.asarray(features(np.asarray(x)))[:, 0])
    targets, best = in_units(skewed, "validation"), trained.best_epoch - 1
    for metric, expected in (
        ("val_rmse", root_mean_squared_error(targets, answers)),
        ("val_mae", mean_absolute_error(targets, answers)),
        ("val_r2", r2_score(targets, answers)),
    ):
        assert trained.history[metric][best] == pytest.approx(expected, rel=1e-4)
    attach_preprocessing(trained.model, skewed.spec).save(tmp_path / "model.keras")
    model = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    mean, std = np.array(skewed.spec.feature_mean), np.array(skewed.spec.feature_std)
    np.testing.assert_allclose(np.asarray(model(np.asarray(x) * std + mean))[:, 0], answers, rtol=1e-3)


def test_what_it_is_compared_with_learns_the_target_itself(skewed: PreparedData) -> None:
    told: list[Reference] = []
    x, y = (skewed.folder / f"validation_{letter}.npy" for letter in "xy")
    carry_out(Job(folder=skewed.folder, x=x, y=y, names=("constant",), seed=0), told.append)
    targets = in_units(skewed, "validation")
    mean = np.full_like(targets, in_units(skewed, "training").mean())
    assert told[0].metrics is not None
    assert told[0].metrics["rmse"] == pytest.approx(root_mean_squared_error(targets, mean), rel=1e-5)
    assert constant_value(skewed, "val_rmse") == pytest.approx(told[0].metrics["rmse"], rel=1e-5)
    assert told[0].metrics["r2"] == pytest.approx(r2_score(targets, mean), abs=1e-5)
