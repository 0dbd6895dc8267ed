"""Losses and metrics by task: equal to Keras's own, or to what a few lines of NumPy say."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
from sklearn.metrics import root_mean_squared_error

from benchmarks.keras_fit import SmoothedCrossentropy, build_loss, build_metrics
from search.data import PreparedData
from search.settings.metrics import metrics_of
from search.training.loop import TrainingResult, train
from spaces import Hyperparameters


def fit(data: PreparedData, metric: str, epochs: int = 2, **values: object) -> TrainingResult:
    one = Hyperparameters.from_values({"depth": 1, "width": 16, **values})
    return train(one, data, epochs=epochs, patience=50, metric=metric, seed=0)


def predictions(result: TrainingResult, data: PreparedData) -> tuple[np.ndarray, np.ndarray]:
    """Labels and predictions of the validation rows, by the weights of the best epoch."""
    x, y = data.validation()
    return np.asarray(y), result.model.predict(x, batch_size=1024, verbose=0).astype(np.float64)


@pytest.mark.parametrize("smoothing", [0.05, 0.1, 0.3])
@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_smoothed_crossentropy_is_that_of_keras_on_one_hot_labels(
    smoothing: float, shape: tuple[int, ...]
) -> None:
    random = np.random.default_rng(1)
    labels = random.integers(0, 7, 50)
    probabilities = random.dirichlet(np.ones(7), 50).astype(np.float32)
    expected = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)(
        np.eye(7)[labels], probabilities
    )
    ours = SmoothedCrossentropy(smoothing)(labels.reshape(shape), probabilities)
    assert float(ours) == pytest.approx(float(expected), rel=1e-6)


def test_each_task_has_its_loss(digits: PreparedData, binary: PreparedData, regression: PreparedData) -> None:
    losses = [
        type(build_loss(data.spec, smoothing)).__name__
        for data, smoothing in ((digits, 0.0), (digits, 0.1), (binary, 0.0), (binary, 0.1), (regression, 0.0))
    ]
    assert losses == [
        "SparseCategoricalCrossentropy",
        "SmoothedCrossentropy",
        "BinaryCrossentropy",
        "BinaryCrossentropy",
        "MeanSquaredError",
    ]
    assert build_loss(binary.spec, 0.1).label_smoothing == 0.1


@pytest.mark.parametrize("source", ["digits", "binary", "regression", "quantities", "labels"])
def test_the_metrics_are_those_that_the_command_line_knows(
    request: pytest.FixtureRequest, source: str
) -> None:
    data: PreparedData = request.getfixturevalue(source)
    names = metrics_of(data.spec.task)
    assert tuple(metric.name for metric in build_metrics(data.spec)) == names
    history = fit(data, "val_loss", epochs=1).history
    logged = [f"{part}{name}" for name in ("loss", *names) for part in ("", "val_")]
    assert sorted(set(history) - {"learning_rate"}) == sorted(logged)


def test_errors_are_in_the_units_of_the_target(regression: PreparedData) -> None:
    result = fit(regression, "val_mae")
    y, predicted = predictions(result, regression)
    expected = np.abs(predicted[:, 0] - y).mean() * regression.spec.target_std
    assert regression.spec.target_std > 50
    assert result.history["val_mae"][result.best_epoch - 1] == pytest.approx(expected, rel=1e-5)
    squared = root_mean_squared_error(y, predicted[:, 0]) * regression.spec.target_std
    assert result.history["val_rmse"][result.best_epoch - 1] == pytest.approx(squared, rel=1e-6)


def _categorical(y: np.ndarray, predicted: np.ndarray) -> float:
    return float(-np.log(predicted[np.arange(len(y)), y]).mean())


def _binary(y: np.ndarray, predicted: np.ndarray) -> float:
    p = np.where(y == 1, predicted[:, 0], 1 - predicted[:, 0])
    return float(-np.log(p).mean())


@pytest.mark.parametrize(("source", "crossentropy"), [("digits", _categorical), ("binary", _binary)])
def test_crossentropy_leaves_out_the_penalty_and_the_smoothing(
    request: pytest.FixtureRequest, source: str, crossentropy: Callable[[np.ndarray, np.ndarray], float]
) -> None:
    """So that it can be compared between trials that differ in them, as `loss` cannot."""
    data: PreparedData = request.getfixturevalue(source)
    result = fit(data, "val_crossentropy", l2=0.01, label_smoothing=0.2)
    y, predicted = predictions(result, data)
    at_best = {name: values[result.best_epoch - 1] for name, values in result.history.items()}
    assert at_best["val_crossentropy"] == pytest.approx(crossentropy(y, predicted), rel=1e-4)

    penalty = 0.01 * float(np.square(result.model.get_layer("dense_1").kernel.numpy()).sum())
    labels = y if data.spec.task == "multiclass" else y.reshape(-1, 1).astype(np.float32)
    smoothed = float(build_loss(data.spec, 0.2)(labels, predicted.astype(np.float32)))
    assert at_best["val_loss"] == pytest.approx(smoothed + penalty, rel=1e-4)
    assert at_best["val_loss"] > at_best["val_crossentropy"]


def test_r2_is_that_of_its_definition(regression: PreparedData) -> None:
    result = fit(regression, "val_r2")
    y, predicted = predictions(result, regression)
    expected = 1 - np.square(predicted[:, 0] - y).sum() / np.square(y - y.mean()).sum()
    assert result.history["val_r2"][result.best_epoch - 1] == pytest.approx(expected, abs=1e-4)
