"""Rows that do not count alike: in the loss and in metrics; all metrics are scikit-learn's, and scores theirs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from digits_spec import digits_spec
from sklearn import metrics as sk

from search.conclusion.statistics.over_rows import interval_over_rows
from search.data import DataSpec, PreparedData, load_prepared
from search.settings.metrics import asked_of, metrics_of
from search.training.loop import train
from search.training.measures import logs_of, scores_of
from search.training.network.class_weights import class_weights
from search.training.network.recorded import recorded
from search.training.scoring import score_rows
from spaces import Hyperparameters

STATISTICS = Path(__file__).parents[2] / "docs" / "statistics.md"
ROWS = 300
CLASSES = {"binary": 2, "multiclass": 7, "regression": 0}


def spec_of(task: str) -> DataSpec:
    names = tuple(str(index) for index in range(CLASSES[task]))
    return digits_spec().model_copy(
        update={"task": task, "kind": "vector", "class_names": names, "target_mean": 5.0, "target_std": 2.0}
    )


def judged(task: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outputs with ties, the truth, and weights, some of them 0."""
    random = np.random.default_rng(seed)
    weights = random.integers(0, 5, ROWS).astype(np.float64)
    if task == "regression":
        y = random.normal(size=ROWS)
        return y + random.normal(size=ROWS), y, weights
    shape = (ROWS,) if task == "binary" else (ROWS, CLASSES[task])
    outputs = np.round(random.normal(size=shape), 1)
    return outputs, random.integers(0, CLASSES[task], ROWS), weights


def every_metric(task: str) -> tuple[str, ...]:
    return (*metrics_of(task), *asked_of(task, CLASSES[task]))


def of_scikit_learn(task: str, outputs: np.ndarray, y: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    by: dict[str, Any] = {"sample_weight": weights}
    if task == "regression":
        truth, answers = 5 + 2 * y, 5 + 2 * outputs
        return {
            "rmse": sk.root_mean_squared_error(truth, answers, **by),
            "mae": sk.mean_absolute_error(truth, answers, **by),
            "r2": sk.r2_score(truth, answers, **by),
            "mape": sk.mean_absolute_percentage_error(truth, answers, **by),
            "median_error": sk.median_absolute_error(truth, answers, **by),
        }
    if task == "binary":
        shares, answers = 1 / (1 + np.exp(-outputs)), (outputs > 0).astype(int)
        found = {
            "auc": sk.roc_auc_score(y, outputs, **by),
            "average_precision": sk.average_precision_score(y, outputs, **by),
            "precision": sk.precision_score(y, answers, **by),
            "recall": sk.recall_score(y, answers, **by),
            "mcc": sk.matthews_corrcoef(y, answers, **by),
            "brier": sk.brier_score_loss(y, shares, **by),
            "f1": sk.f1_score(y, answers, **by),
        }
    else:
        shares = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
        answers = outputs.argmax(axis=1)
        areas = [sk.roc_auc_score(y == one, shares[:, one], **by) for one in range(CLASSES[task])]
        found = {"f1": sk.f1_score(y, answers, average="macro", **by), "auc": float(np.mean(areas))}
    return found | {
        "accuracy": sk.accuracy_score(y, answers, **by),
        "crossentropy": sk.log_loss(y, shares, **by),
        "balanced_accuracy": sk.balanced_accuracy_score(y, answers, **by),
    }


@pytest.mark.parametrize("task", CLASSES)
def test_metrics_are_those_of_scikit_learn(task: str) -> None:
    outputs, y, weights = judged(task)
    table = recorded(outputs, y, spec_of(task), every_metric(task))
    logs = logs_of(table, spec_of(task), every_metric(task), weights)
    for metric, expected in of_scikit_learn(task, outputs, y, weights).items():
        assert logs[metric] == pytest.approx(expected, abs=1e-6), metric


@pytest.mark.parametrize("task", CLASSES)
def test_a_row_of_weight_3_counts_as_three_rows_and_one_of_weight_0_as_none(task: str) -> None:
    spec, asked = spec_of(task), every_metric(task)
    for seed in range(5):
        outputs, y, weights = judged(task, seed)
        repeated = np.repeat(np.arange(ROWS), weights.astype(int))
        weighed = logs_of(recorded(outputs, y, spec, asked), spec, asked, weights)
        plain = logs_of(recorded(outputs[repeated], y[repeated], spec, asked), spec, asked)
        assert weighed == pytest.approx(plain, abs=1e-9)
        assert set(asked) <= weighed.keys()


@pytest.mark.parametrize("task", CLASSES)
def test_equal_weights_change_nothing(task: str) -> None:
    spec, asked = spec_of(task), every_metric(task)
    outputs, y, _ = judged(task)
    table, weights = recorded(outputs, y, spec, asked), np.full(ROWS, 0.25)
    assert logs_of(table, spec, asked, weights) == pytest.approx(logs_of(table, spec, asked), abs=1e-12)
    for metric in asked:
        plain, weighed = scores_of(table, metric, spec), scores_of(table, metric, spec, weights)
        assert (plain is None) == (weighed is None)
        if plain is not None:
            np.testing.assert_allclose(weighed, plain, atol=1e-12)


@pytest.mark.parametrize("task", CLASSES)
def test_scores_have_the_metric_as_mean_and_are_what_a_little_more_of_a_row_adds(task: str) -> None:
    spec, asked = spec_of(task), every_metric(task)
    outputs, y, weights = judged(task)
    table = recorded(outputs, y, spec, asked)
    value = logs_of(table, spec, asked, weights)
    for metric in asked:
        scores = scores_of(table, metric, spec, weights)
        if scores is None:
            assert metric in ("auc", "r2", "median_error")
            continue
        assert scores.mean() == pytest.approx(value[metric], abs=1e-9)
        for row in np.flatnonzero(weights)[:20]:
            more = weights.copy()
            more[row] *= 1 + 1e-6
            moved = (logs_of(table, spec, (metric,), more)[metric] - value[metric]) / 1e-6
            assert scores[row] - value[metric] == pytest.approx(moved * ROWS, rel=1e-3, abs=1e-3), metric


def _sample(random: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights of a large spread, errors that are larger where weights are, and whether a row is right: less often."""
    logarithms = random.normal(size=rows)
    weights = np.exp(0.7 * logarithms)
    right = random.random(rows) < 1 / (1 + np.exp(-1.5 + 0.5 * logarithms))
    return weights, random.gamma(2.0, size=rows) * np.exp(0.3 * logarithms), right.astype(np.float64)


def _true(rows: int = 2_000_000) -> dict[str, float]:
    weights, errors, right = _sample(np.random.default_rng(0), rows)
    return {
        name: float(np.average(of, weights=weights)) for name, of in (("mae", errors), ("accuracy", right))
    }


TRUE = _true()
HELD = {50: (89, 94), 200: (92, 95), 1000: (94, 96)}
"""Of 100 samples of so many rows: intervals of the mean error, and of the share, that hold the true value."""


@pytest.mark.parametrize("rows", HELD)
def test_intervals_of_weighted_means_hold_the_true_mean_as_often_as_is_documented(rows: int) -> None:
    assert f"| {rows:,} | {HELD[rows][0]} | {HELD[rows][1]} |" in STATISTICS.read_text()
    random = np.random.default_rng(rows)
    held = dict.fromkeys(TRUE, 0)
    for _ in range(1000):
        weights, errors, right = _sample(random, rows)
        for metric, values in (("mae", errors), ("accuracy", right)):
            spec = spec_of("regression" if metric == "mae" else "binary").model_copy(
                update={"target_std": 1.0}
            )
            outputs = values if metric == "mae" else 2 * values - 1
            table = recorded(outputs, np.zeros(rows) if metric == "mae" else np.ones(rows, int), spec)
            value = logs_of(table, spec, (), weights)[metric]
            interval = interval_over_rows(metric, value, scores_of(table, metric, spec, weights), weights)
            assert interval is not None
            held[metric] += interval[0] <= TRUE[metric] <= interval[1]
    found = held["mae"] / 10, held["accuracy"] / 10
    assert found == pytest.approx(HELD[rows], abs=2)


def test_a_share_that_is_all_right_has_an_interval_of_fewer_rows_than_there_are() -> None:
    weights, scores = np.array([1.0] * 50 + [10.0] * 5), np.ones(55)
    alike, weighed = (interval_over_rows("accuracy", 1.0, scores, of) for of in (None, weights))
    assert alike is not None
    assert weighed is not None
    assert weighed[0] < alike[0] < weighed[1] == 1.0


def test_classes_are_balanced_by_the_weights_of_their_rows() -> None:
    y, counts = np.array([0, 0, 0, 1]), np.array([1.0, 1.0, 2.0, 1.0])
    weights = class_weights(1.0, y, 2, counts)
    assert weights[0] * 4 == pytest.approx(weights[1])
    assert np.average(weights[y], weights=counts) == pytest.approx(1.0)


def test_both_weights_are_multiplied_in_training_and_rows_alone_count_in_what_is_measured(
    weighed_of: Callable[[str], PreparedData],
) -> None:
    """At a rate that moves nothing, so that the first weights are those of every row."""
    data = weighed_of("binary")
    one = Hyperparameters(
        depth=1, width=4, class_weight=1.0, optimizer="sgd", momentum=0.0, learning_rate=1e-12
    )
    result = train(one, data, epochs=1, patience=1, metric="val_accuracy", seed=0)
    (x, y), counts = data.training(), data.training_weights()
    assert counts is not None
    losses = score_rows(one, data.spec, result.weights, np.asarray(x), np.asarray(y), "crossentropy")
    of_classes = class_weights(1.0, y, 2, counts)[y]
    assert result.history["loss"] == pytest.approx(
        [np.average(losses * of_classes, weights=counts)], rel=1e-5
    )
    assert result.history["crossentropy"] == pytest.approx([np.average(losses, weights=counts)], rel=1e-5)


def test_rows_of_weight_0_teach_nothing_and_judge_nothing(
    weighed_of: Callable[[str], PreparedData], tmp_path: Path
) -> None:
    """Targets of rows that count nothing are made absurd: the same bits."""
    data = weighed_of("regression")
    other = tmp_path / "other"
    shutil.copytree(data.folder, other)
    for part, counts in (("train", data.training_weights()), ("validation", data.validation_weights())):
        assert counts is not None
        assert (counts == 0).any()
        y = np.load(other / f"{part}_y.npy")
        np.save(other / f"{part}_y.npy", np.where(counts == 0, np.float32(50), y))
    one = Hyperparameters(depth=1, width=8, batch_size=32, l2=1e-4)
    found = [
        train(one, of, epochs=2, patience=2, metric="val_rmse", seed=0).history
        for of in (data, load_prepared(other))
    ]
    assert found[0] == found[1]
