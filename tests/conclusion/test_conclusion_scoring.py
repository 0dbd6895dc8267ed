"""What weights are worth on given rows, for each task, is what a training measured of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from digits_spec import digits_spec

from search.conclusion.statistics.intervals import difference_over_rows, wilson
from search.conclusion.statistics.over_rows import interval_over_rows
from search.data import DataRequest, PreparedData, prepare
from search.settings.metrics import METRICS
from search.training.loop import TrainingResult, train
from search.training.measures import logs_of, scores_of
from search.training.scoring import measure_rows, score_rows
from spaces import Hyperparameters

TASKS = {
    "multiclass": ("accuracy", "crossentropy", "f1", "balanced_accuracy", "top5_accuracy"),
    "binary": (
        *("accuracy", "crossentropy", "f1", "balanced_accuracy", "average_precision"),
        *("precision", "recall", "mcc", "brier"),
    ),
    "regression": ("rmse", "mae", "mape"),
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
    named = TASKS[data.spec.task]
    measured = measure_rows(result.hyperparameters, data.spec, result.weights, x, y, named)
    for name in named:
        scores = score_rows(result.hyperparameters, data.spec, result.weights, x, y, name)
        assert scores is not None
        assert scores.shape == (len(y),)
        assert scores.mean() == pytest.approx(measured[name], rel=1e-12)


def test_metrics_of_all_rows_together_have_no_scores(trained: tuple[PreparedData, TrainingResult]) -> None:
    data, result = trained
    x, y = data.validation()
    for name in {"loss", *METRICS} - {*TASKS[data.spec.task]}:
        assert score_rows(result.hyperparameters, data.spec, result.weights, x, y, name) is None


def test_a_test_value_has_an_interval_where_its_rows_have_scores() -> None:
    assert interval_over_rows("accuracy", 0.75, np.array([1.0, 1.0, 0.0, 1.0])) == wilson(0.75, 4)
    low, high = interval_over_rows("mae", 2.0, np.array([1.0, 2.0, 3.0])) or (0.0, 0.0)
    assert (low, high) == pytest.approx(
        (0, 2 + 2.484), abs=1e-3
    )  # t(0.975; 2) / sqrt(3), and no error is below 0
    assert interval_over_rows("auc", 0.9, None) is None


ERRORS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "normal": lambda random, rows: random.normal(size=rows),
    "laplace": lambda random, rows: random.laplace(scale=math.sqrt(0.5), size=rows),
    "one in twenty five times as large": lambda random, rows: (
        random.normal(size=rows) * np.where(random.random(rows) < 0.05, 5, 1) / math.sqrt(2.2)
    ),
}
"""Of rows, with a mean square of 1."""
NOT_STANDARDISED = digits_spec(task="regression", class_names=(), target_std=10.0)


def rmse_of_rows(errors: np.ndarray) -> tuple[float, np.ndarray]:
    """The metric and the scores of the rows, of errors in tenths of the target's unit."""
    table = np.stack([np.square(errors), np.abs(errors), np.zeros(len(errors))], axis=1)
    scores = scores_of(table, "rmse", NOT_STANDARDISED)
    assert scores is not None
    return logs_of(table, NOT_STANDARDISED)["rmse"], scores


@pytest.mark.parametrize(
    ("errors", "rows", "share"),
    [
        ("normal", 50, 0.95),
        ("normal", 150, 0.95),
        ("normal", 500, 0.95),
        ("laplace", 50, 0.93),
        ("laplace", 150, 0.94),
        ("laplace", 500, 0.94),
        ("one in twenty five times as large", 50, 0.76),
        ("one in twenty five times as large", 150, 0.90),
        ("one in twenty five times as large", 500, 0.95),
    ],
)
def test_the_interval_of_an_rmse_holds_the_true_one_as_often_as_the_documentation_says(
    errors: str, rows: int, share: float
) -> None:
    random, studies, held = np.random.default_rng(rows), 500, 0
    for _ in range(studies):
        low, high = interval_over_rows("rmse", *rmse_of_rows(ERRORS[errors](random, rows))) or (0.0, 0.0)
        held += low <= 10.0 <= high
    assert held / studies == pytest.approx(share, abs=3 * math.sqrt(share * (1 - share) / studies))


def test_rows_call_one_of_two_equal_rmses_better_in_one_study_of_twenty() -> None:
    """Their errors are half the same, as those of two networks on one table are."""
    random, studies, found = np.random.default_rng(0), 500, 0
    for _ in range(studies):
        shared = random.laplace(size=200)
        first, second = (rmse_of_rows(shared + random.laplace(size=200)) for _ in range(2))
        behind = difference_over_rows(first[1].tolist(), second[1].tolist())
        assert behind.mean == pytest.approx(first[0] - second[0])
        found += (behind.p or 0.0) < 0.05
    assert found / studies == pytest.approx(0.05, abs=0.03)
