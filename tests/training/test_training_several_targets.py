"""Metrics of several targets: the mean of scikit-learn's of each, errors in deviations, and the scores of rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_training import fit
from sklearn import metrics as sk

from search.data import DataSpec, PreparedData
from search.data.preparing.spec import TargetSpec
from search.settings.metrics import asked_of, metrics_of
from search.study.constant_answer import constant_value
from search.training.averaging import averaged_outputs
from search.training.measures import logs_of, scores_of
from search.training.memory import training_bytes
from search.training.network.recorded import recorded
from spaces import Hyperparameters

STDS, MEANS = np.array([0.01, 1.0, 2000.0]), np.array([3.0, 0.0, -500.0])
MEANS_OVER_ROWS = {"rmse", "mae", "mape", "accuracy", "crossentropy"}
seeds, rows_of = st.integers(0, 2**32 - 1), st.integers(4, 60)


def spec_of(like: PreparedData, task: str) -> DataSpec:
    """Three targets of `task`, of which only units and classes matter here."""
    targets = [
        TargetSpec(name=f"t{at}", mean=float(mean), std=float(std))
        if task == "multioutput"
        else TargetSpec(name=f"t{at}", class_names=("no", "yes"), class_counts=(1, 1))
        for at, (mean, std) in enumerate(zip(MEANS, STDS, strict=True))
    ]
    return like.spec.model_copy(update={"task": task, "targets": tuple(targets)})


def measured(
    spec: DataSpec, outputs: np.ndarray, y: np.ndarray, weights: np.ndarray | None
) -> dict[str, float]:
    asked = asked_of(spec.task, 0)
    logs = logs_of(recorded(outputs, y, spec, asked), spec, asked, weights)
    assert set(logs) == {"loss", *metrics_of(spec.task), *asked}
    for name in set(logs) - {"loss", "auc", "r2", "median_error"}:
        scores = scores_of(recorded(outputs, y, spec, (name,)), name, spec, weights)
        assert scores is not None
        assert scores.mean() == pytest.approx(logs[name], rel=1e-9)
    return logs


@settings(max_examples=60, deadline=None)
@given(seeds, rows_of, st.booleans())
def test_those_of_quantities_are_those_of_scikit_learn(
    quantities: PreparedData, seed: int, rows: int, weighed: bool
) -> None:
    random = np.random.default_rng(seed)
    y, wrong = random.normal(size=(rows, 3)), random.normal(size=(rows, 3))
    weights = random.integers(1, 5, rows).astype(float) if weighed else None
    logs = measured(spec_of(quantities, "multioutput"), y + wrong, y, weights)
    how = {"sample_weight": weights}
    assert logs["loss"] == pytest.approx(sk.mean_squared_error(y, y + wrong, **how), abs=1e-6)
    assert logs["rmse"] == pytest.approx(sk.root_mean_squared_error(y, y + wrong, **how), abs=1e-6)
    assert logs["mae"] == pytest.approx(sk.mean_absolute_error(y, y + wrong, **how), abs=1e-6)
    assert logs["r2"] == pytest.approx(sk.r2_score(y, y + wrong, **how), rel=1e-6)
    if not weighed:
        assert logs["median_error"] == pytest.approx(sk.median_absolute_error(y, y + wrong), abs=1e-6)
    truth, answers = y * STDS + MEANS, (y + wrong) * STDS + MEANS
    expected = sk.mean_absolute_percentage_error(truth, answers, **how)
    assert logs["mape"] == pytest.approx(expected, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(seeds, rows_of, st.booleans())
def test_those_of_labels_are_those_of_scikit_learn(
    labels: PreparedData, seed: int, rows: int, weighed: bool
) -> None:
    random = np.random.default_rng(seed)
    logits, y = random.normal(size=(rows, 3)).round(1), random.integers(0, 2, (rows, 3))
    y[0], y[1] = 0, 1
    weights = random.integers(1, 5, rows).astype(float) if weighed else None
    logs = measured(spec_of(labels, "multilabel"), logits, y, weights)
    probabilities, answers, how = 1 / (1 + np.exp(-logits)), logits > 0, {"sample_weight": weights}
    of_each = [sk.log_loss(y[:, at], probabilities[:, at], **how) for at in range(3)]
    assert [logs["crossentropy"], logs["loss"]] == pytest.approx([np.mean(of_each)] * 2, abs=1e-6)
    assert logs["accuracy"] == pytest.approx(1 - sk.hamming_loss(y, answers, **how), abs=1e-6)
    macro = {"average": "macro", **how}
    assert logs["f1"] == pytest.approx(sk.f1_score(y, answers, zero_division=0, **macro), abs=1e-6)
    assert logs["auc"] == pytest.approx(sk.roc_auc_score(y, probabilities, **macro), abs=1e-6)
    expected = sk.average_precision_score(y, probabilities, **macro)
    assert logs["average_precision"] == pytest.approx(expected, abs=1e-6)
    balanced = [sk.balanced_accuracy_score(y[:, at], answers[:, at], **how) for at in range(3)]
    assert logs["balanced_accuracy"] == pytest.approx(np.mean(balanced), abs=1e-6)


def test_auc_is_of_the_labels_that_differ(labels: PreparedData) -> None:
    spec = spec_of(labels, "multilabel")
    y = np.array([[0, 1, 0], [0, 0, 1], [0, 1, 1]])
    outputs = np.array([[1.0, 2.0, 0.0], [1.0, 3.0, 2.0], [2.0, 1.0, 2.0]])
    logs = logs_of(recorded(outputs, y, spec), spec, ("auc",))
    assert logs["auc"] == pytest.approx((0.0 + 1.0) / 2)
    assert "auc" not in logs_of(recorded(outputs, np.zeros_like(y), spec), spec, ("auc",))


@pytest.mark.parametrize(("source", "metric"), [("quantities", "val_rmse"), ("labels", "val_f1")])
def test_a_training_reports_them(request: pytest.FixtureRequest, source: str, metric: str) -> None:
    data: PreparedData = request.getfixturevalue(source)
    result = fit(data, epochs=8, metric=metric, learning_rate=0.03)
    x, y = data.validation()
    answers = result.model.predict(x, batch_size=1024, verbose=0)
    assert answers.shape == (36, 3)
    expected = (
        sk.root_mean_squared_error(y, answers)
        if metric == "val_rmse"
        else sk.f1_score(y, answers > 0.5, average="macro", zero_division=0)
    )
    reached = result.history[metric]
    assert reached[result.best_epoch - 1] == pytest.approx(expected, abs=1e-5)
    assert reached[-1] != reached[0]
    constant = constant_value(data, metric)
    assert constant is not None
    assert constant == pytest.approx(
        np.std(y, axis=0).mean() if metric == "val_rmse" else _f1_of_ones(y), abs=0.05
    )


def _f1_of_ones(y: np.ndarray) -> float:
    return float(sk.f1_score(y, np.ones_like(y), average="macro"))


def test_networks_are_averaged_target_by_target() -> None:
    outputs = np.array([[[0.0, 2.0]], [[1.0, 4.0]]])
    assert averaged_outputs(outputs, [0.5, 0.5], "multioutput").tolist() == [[0.5, 3.0]]
    shares = 1 / (1 + np.exp(-averaged_outputs(outputs, [0.5, 0.5], "multilabel")))
    np.testing.assert_allclose(shares, (1 / (1 + np.exp(-outputs))).mean(axis=0))


def test_memory_counts_what_is_recorded_of_each_target(
    quantities: PreparedData, regression: PreparedData
) -> None:
    one = Hyperparameters(depth=1, width=4)
    many = quantities.spec.targets * 1000
    spec = quantities.spec.model_copy(update={"targets": many})
    least = 3000 * 2 * 168 * 4
    assert training_bytes(one, spec) > training_bytes(one, regression.spec) + least
