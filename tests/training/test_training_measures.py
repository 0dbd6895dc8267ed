"""Metrics of all rows and the scores of each: exact, and of one table."""

from __future__ import annotations

import math
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from digits_spec import digits_spec
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss, roc_auc_score

from benchmarks.keras_fit import ExactAUC
from search.data import DataSpec, PreparedData
from search.data.preparing.spec import TargetSpec
from search.settings.metrics import METRICS, asked_of, metrics_of
from search.training.graph.head import HEADS
from search.training.loop import train
from search.training.measures import logs_of, scores_of
from search.training.network.recorded import recorded
from search.training.ranking import area_under_roc
from search.training.scoring import measure_rows, score_rows
from spaces import Hyperparameters

METRICS_PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def keras_auc(labels: np.ndarray, probabilities: np.ndarray, batch: int = 7) -> float:
    """As `fit` and `evaluate` ask for it: batch by batch, in a graph."""
    metric = ExactAUC()
    update = tf.function(metric.update_state)
    for _ in range(2):
        metric.reset_state()
        for start in range(0, len(labels), batch):
            update(labels[start : start + batch, None], probabilities[start : start + batch, None])
    return float(metric.result())


class TestAreaUnderRoc:
    @settings(max_examples=100)
    @given(st.integers(0), st.integers(1, 30), st.integers(1, 5000), st.sampled_from([1, 2, 5, 10**6]))
    def test_it_is_that_of_scikit_learn(self, seed: int, positives: int, negatives: int, values: int) -> None:
        """With ties, where there are few different scores, and with one class far rarer."""
        rows = positives + negatives
        scores = np.random.default_rng(seed).integers(0, values, rows).astype(np.float32)
        labels = np.arange(rows) < positives
        assert area_under_roc(scores, labels) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)

    def test_rare_positives_whose_probabilities_are_small_are_told_apart(self) -> None:
        """Keras's 200 buckets give 0.5 here."""
        probabilities = np.concatenate([np.linspace(0.0038, 0.0042, 20), np.linspace(1e-4, 0.002, 5000)])
        labels = np.arange(5020) < 20
        logits = np.log(probabilities / (1 - probabilities)).astype(np.float32)
        assert area_under_roc(logits, labels) == 1.0
        assert area_under_roc(-logits, labels) == 0.0
        assert area_under_roc(np.zeros(5020), labels) == 0.5
        assert keras_auc(labels.astype(np.float32), probabilities.astype(np.float32), 1000) == 1.0

    def test_it_is_no_number_where_a_score_is_none(self) -> None:
        assert math.isnan(area_under_roc(np.array([0.1, math.nan, 0.3]), np.array([True, False, False])))

    def test_the_one_for_keras_is_exact_too(self) -> None:
        random = np.random.default_rng(0)
        labels = (np.arange(200) < 9).astype(np.float32)
        probabilities = random.integers(0, 40, 200).astype(np.float32) / 1000
        assert keras_auc(labels, probabilities) == pytest.approx(
            roc_auc_score(labels, probabilities), abs=1e-6
        )

    def test_a_training_reports_it(self, binary: PreparedData) -> None:
        one = Hyperparameters(depth=1, width=4)
        result = train(one, binary, epochs=2, patience=9, metric="val_auc", seed=0)
        x, y = binary.validation()
        expected = roc_auc_score(np.asarray(y), result.model.predict(x, verbose=0)[:, 0])
        assert result.history["val_auc"][result.best_epoch - 1] == pytest.approx(expected, abs=1e-12)

    def test_a_callback_that_evaluates_comes_to_the_same(self, binary: PreparedData) -> None:
        seen = []
        x, y = (np.asarray(part) for part in binary.validation())

        class Looking(keras.callbacks.Callback):
            def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
                optimizer = self.model.optimizer
                self.model.compile(optimizer, "binary_crossentropy", metrics=[ExactAUC()], jit_compile=False)
                seen.append(self.model.evaluate(x, y[:, None], verbose=0, return_dict=True)["auc"])

        one = Hyperparameters(depth=1, width=4)
        result = train(one, binary, epochs=2, patience=9, metric="val_auc", seed=0, callbacks=[Looking()])
        assert seen == pytest.approx(result.history["val_auc"], abs=1e-6)

    def test_of_one_class_there_is_none(self, binary: PreparedData) -> None:
        x, y = binary.validation()
        weights = [np.zeros((4, 2), np.float32), np.zeros(2, np.float32)]
        weights += [np.zeros((2, 1), np.float32), np.zeros(1, np.float32)]
        one = Hyperparameters(depth=1, width=2)
        assert "auc" in measure_rows(one, binary.spec, weights, x, y)
        only = np.asarray(y) == 1
        assert "auc" not in measure_rows(one, binary.spec, weights, x[only], y[only])


def known_of(task: str) -> set[str]:
    return {*metrics_of(task), *asked_of(task, 10)}


def any_table(task: str) -> tuple[DataSpec, np.ndarray]:
    """Of nine rows, as it is recorded for any metric of `task`."""
    spec, random = digits_spec().model_copy(update={"task": task}), np.random.default_rng(0)
    if task in ("multioutput", "multilabel"):
        targets = tuple(TargetSpec(name=name, std=3.0, class_names=("no", "yes")) for name in "ab")
        spec = spec.model_copy(update={"targets": targets, "class_names": ()})
        values = random.normal(size=(9, 2)) if task == "multioutput" else np.arange(18).reshape(9, 2) // 3 % 2
        return spec, recorded(random.normal(size=(9, 2)), values, spec, METRICS)
    y = random.normal(size=9) if task == "regression" else random.integers(0, 2, 9)
    return spec, recorded(random.normal(size=(9, 10) if task == "multiclass" else 9), y, spec, METRICS)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("task", HEADS)
def test_every_metric_of_a_task_has_its_formula(name: str, task: str) -> None:
    """Of each row or of all; of a task that has no such metric there is none. Few are measured unasked."""
    spec, table = any_table(task)
    assert (name in logs_of(table, spec)) == (name in metrics_of(task))
    measured = logs_of(table, spec, (name,))
    assert (name in measured) == (name in known_of(task))
    scores = scores_of(table, name, spec)
    if scores is not None:
        assert scores.mean() == pytest.approx(measured[name], rel=1e-12)


@settings(max_examples=100)
@given(st.integers(0), st.integers(1, 200), st.floats(-12, 12), st.floats(-3, 3))
def test_rmse_is_the_root_of_the_mean_squared_error(seed: int, rows: int, unit: float, size: float) -> None:
    """In the target's units, whatever those are, and the scores of the rows have it as their mean."""
    random = np.random.default_rng(seed)
    spec = digits_spec(task="regression", class_names=(), target_std=10**unit)
    errors = np.abs(random.standard_cauchy(rows) * 10**size).astype(np.float32)
    table = np.stack([errors**2, errors, np.zeros(rows, np.float32)], axis=1)
    expected = np.sqrt(np.mean(np.square(errors.astype(np.float64) * 10**unit)))
    scores = scores_of(table, "rmse", spec)
    assert scores is not None
    assert logs_of(table, spec)["rmse"] == pytest.approx(expected, rel=1e-12)
    assert scores.mean() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("error", [0.0, math.inf, math.nan])
def test_rmse_of_no_error_and_of_one_that_is_no_number(error: float) -> None:
    spec = digits_spec(task="regression", class_names=(), target_std=3.0)
    table = np.tile(np.array([error, error, 0.0], np.float32), (5, 1))
    assert logs_of(table, spec)["rmse"] == pytest.approx(error, nan_ok=True)


def test_the_documentation_has_the_metrics_of_each_task_and_which_are_means_over_rows() -> None:
    part = METRICS_PAGE.read_text(encoding="utf-8").partition("## By task")[2].partition("\n## ")[0]
    rows = dict(line.split("|")[1:3] for line in part.splitlines() if line.startswith("| "))
    tasks = {"binary": "two classes", "multiclass": "more classes", "regression": "regression"}
    tasks |= {"multioutput": "several quantities", "multilabel": "several labels"}
    unscored = set()
    for task, words in tasks.items():
        assert re.findall(r"`(\w+)`", rows[f" {words} "]) == [*metrics_of(task), "loss"]
        assert re.findall(r"`(\w+)`", rows[f" {words}, asked for "]) == [*asked_of(task, 10)]
        spec, table = any_table(task)
        unscored |= {name for name in known_of(task) if scores_of(table, name, spec) is None}
    (sentence,) = re.findall(r"Of ([^.]*)\s+rows have no\s+scores", part)
    assert set(re.findall(r"`(\w+)`", sentence)) == unscored | {"loss"}


def weights_of(inputs: int, units: int, head: np.ndarray) -> list[np.ndarray]:
    """A layer that lets the first inputs through, and `head`; of networks of one layer as wide as `head` is high."""
    width = len(head)
    kernel = np.zeros((inputs, width), np.float32)
    np.fill_diagonal(kernel, 1.0)
    return [kernel, np.zeros(width, np.float32), head.astype(np.float32), np.zeros(units, np.float32)]


class TestRowScores:
    """Their mean is the metric, to the precision of a float, whatever the network says."""

    def means(
        self, data: PreparedData, weights: list[np.ndarray], **values: object
    ) -> dict[str, tuple[float, float]]:
        one = Hyperparameters.from_values({"depth": 1, "width": len(weights[2]), **values})
        x, y = data.validation()
        measured = measure_rows(one, data.spec, weights, x, y)
        means = {}
        for metric, value in measured.items():
            scores = score_rows(one, data.spec, weights, x, y, metric)
            if scores is not None:
                assert (scores.shape, scores.dtype) == ((len(y),), np.float64)
                means[metric] = float(scores.mean()), value
        return means

    def test_a_network_that_is_sure_and_wrong(self, binary: PreparedData, digits: PreparedData) -> None:
        """Probabilities that a float cannot tell from 0 have a logarithm all the same."""
        random = np.random.default_rng(0)
        for data, inputs, units in ((binary, 4, 1), (digits, 64, 10)):
            head = random.normal(size=(4, units)) * 1e4
            means = self.means(data, weights_of(inputs, units, head), activation="tanh")
            assert set(means) == {"accuracy", "crossentropy"}
            assert means["crossentropy"][1] > 500
            for mean, value in means.values():
                assert mean == pytest.approx(value, rel=1e-12)

    def test_crossentropy_is_that_of_scikit_learn(self, binary: PreparedData) -> None:
        weights = weights_of(4, 1, np.array([[3.0], [-1.0], [0.5], [0.1]]))
        means = self.means(binary, weights, activation="tanh")
        x, y = binary.validation()
        logits = np.tanh(np.asarray(x, np.float64)) @ weights[2]
        assert means["crossentropy"][0] == pytest.approx(log_loss(y, 1 / (1 + np.exp(-logits))), rel=1e-6)

    @pytest.mark.parametrize("augment", ["none", "flip"])
    def test_ties_and_probabilities_of_a_half(
        self, binary: PreparedData, digits: PreparedData, augment: str
    ) -> None:
        """Nothing known: the first class, in the metric and in the scores."""
        for data, inputs, units in ((binary, 4, 1), (digits, 64, 10)):
            means = self.means(data, weights_of(inputs, units, np.zeros((4, units))), augment=augment)
            share = float((np.asarray(data.validation()[1]) == 0).mean())
            assert means["accuracy"] == (share, share)

    def test_logits_that_differ_by_less_than_probabilities_can(self, binary: PreparedData) -> None:
        """1e-9 above 0 is a probability of 0.5 in float32, and all the same the second class."""
        weights = weights_of(4, 1, np.zeros((4, 1)))
        weights[3] = np.array([1e-9], np.float32)
        share = float((np.asarray(binary.validation()[1]) == 1).mean())
        assert self.means(binary, weights)["accuracy"] == (share, share)

    def test_an_error_is_in_the_units_of_the_target(self, regression: PreparedData) -> None:
        mean, value = self.means(regression, weights_of(4, 1, np.ones((4, 1))))["mae"]
        assert mean == value > 10

    @pytest.mark.parametrize("task", ["binary", "multiclass"])
    def test_an_output_that_is_no_number_is_neither_right_nor_wrong(
        self, binary: PreparedData, digits: PreparedData, task: str
    ) -> None:
        data, inputs, units = (binary, 4, 1) if task == "binary" else (digits, 64, 10)
        weights = weights_of(inputs, units, np.full((4, units), math.nan))
        for mean, value in self.means(data, weights).values():
            assert math.isnan(mean)
            assert math.isnan(value)


def test_a_table_of_many_batches_keeps_the_order_of_the_rows(binary: PreparedData) -> None:
    """Logs of a training's rows come batch by batch, the last a partial one."""
    head = HEADS["binary"]

    @tf.function
    def recorded(logits: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        table = head.empty_table(tf.constant(3))
        for batch, rows in enumerate((slice(0, 4), slice(4, 8), slice(8, 9))):
            losses, _ = head.losses(logits[rows], y[rows], None)
            table = table.write(batch, head.record(losses + 1.0, losses, logits[rows], y[rows]))
        return table.concat()

    logits = np.linspace(-2, 2, 9).astype(np.float32)
    y = np.array([0, 0, 1, 0, 1, 0, 1, 1, 1], np.int32)
    table = recorded(tf.constant(logits[:, None]), tf.constant(y)).numpy()
    logs = logs_of(table, binary.spec)
    probabilities = 1 / (1 + np.exp(-logits.astype(np.float64)))
    assert logs["crossentropy"] == pytest.approx(log_loss(y, probabilities), rel=1e-6)
    assert logs["loss"] == pytest.approx(1 + logs["crossentropy"], rel=1e-6)
    assert logs["accuracy"] == pytest.approx(((logits > 0) == y).mean())
    assert logs["auc"] == pytest.approx(roc_auc_score(y, logits))
