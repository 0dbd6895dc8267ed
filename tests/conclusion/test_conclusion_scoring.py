"""What weights are worth on given rows, for each task, is what a training measured of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from search.conclusion.statistics.intervals import interval_over_rows, wilson
from search.data import DataRequest, PreparedData, prepare
from search.settings.metrics import METRICS
from search.training.loop import TrainingResult, train
from search.training.scoring import measure_rows, score_rows
from spaces import Hyperparameters

TASKS = {
    "multiclass": ("accuracy", "crossentropy"),
    "binary": ("accuracy", "crossentropy"),
    "regression": ("mae",),
}


def prepared(task: str, folder: Path) -> PreparedData:
    if task == "multiclass":
        return prepare(DataRequest("digits"), folder / "cache")
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 3)).astype(np.float32)
    y = 500 + 100 * np.tanh(x @ [1.0, -0.5, 0.25]) + random.normal(scale=5, size=200)
    name = "regression" if task == "regression" else "classification"
    np.savez(folder / "rows.npz", x=x, y=y if task == "regression" else (y > 500).astype(int))
    return prepare(DataRequest(str(folder / "rows.npz"), task=name), folder / "cache")


@pytest.fixture(scope="module", params=TASKS)
def trained(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[PreparedData, TrainingResult]:
    data = prepared(request.param, tmp_path_factory.mktemp(request.param))
    configuration = Hyperparameters(depth=1, width=16, batch_norm=True, dropout=0.1, l2=1e-4)
    metric = f"val_{TASKS[request.param][0]}"
    return data, train(configuration, data, epochs=2, patience=2, metric=metric, seed=1)


def test_it_measures_what_the_training_measured(trained: tuple[PreparedData, TrainingResult]) -> None:
    data, result = trained
    measured = measure_rows(result.hyperparameters, data.spec, result.weights, *data.validation())
    for name, value in measured.items():
        assert value == pytest.approx(result.history[f"val_{name}"][result.best_epoch - 1], rel=1e-6)


def test_the_mean_score_of_the_rows_is_the_metric(trained: tuple[PreparedData, TrainingResult]) -> None:
    data, result = trained
    x, y = data.validation()
    measured = measure_rows(result.hyperparameters, data.spec, result.weights, x, y)
    for name in TASKS[data.spec.task]:
        scores = score_rows(result.hyperparameters, data.spec, result.weights, x, y, name)
        assert scores is not None
        assert scores.shape == (len(y),)
        assert scores.mean() == pytest.approx(measured[name], rel=1e-12)


def test_metrics_of_all_rows_together_have_no_scores(trained: tuple[PreparedData, TrainingResult]) -> None:
    data, result = trained
    x, y = data.validation()
    of_rows = {name for names in TASKS.values() for name in names}
    for name in {"loss", *METRICS} - of_rows:
        assert score_rows(result.hyperparameters, data.spec, result.weights, x, y, name) is None


def test_a_test_value_has_an_interval_where_its_rows_have_scores() -> None:
    assert interval_over_rows("accuracy", 0.75, np.array([1.0, 1.0, 0.0, 1.0])) == wilson(0.75, 4)
    low, high = interval_over_rows("mae", 2.0, np.array([1.0, 2.0, 3.0])) or (0.0, 0.0)
    assert (low, high) == pytest.approx((2 - 2.484, 2 + 2.484), abs=1e-3)  # t(0.975; 2) / sqrt(3)
    assert interval_over_rows("auc", 0.9, None) is None
