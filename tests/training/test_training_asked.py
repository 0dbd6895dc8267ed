"""Metrics that a study measures only where it is compared by them are scikit-learn's."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from digits_spec import digits_spec
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as theirs

from search.data import DataSpec, PreparedData
from search.settings.metrics import METRICS, asked_of
from search.training.loop import train
from search.training.measures import logs_of, scores_of
from search.training.network.recorded import recorded
from search.training.scoring import measure_rows, score_rows
from spaces import Hyperparameters

Array = np.ndarray[Any, Any]


def of_task(task: str, classes: int = 2) -> DataSpec:
    names = tuple(map(str, range(classes))) if task != "regression" else ()
    return digits_spec(task=task, class_names=names, target_std=3.0, target_mean=50.0)


def of_two(y: Array, logits: Array) -> dict[str, float]:
    answers = logits > 0
    shares = 1 / (1 + np.exp(-logits))
    return {
        "f1": theirs.f1_score(y, answers, zero_division=0),
        "balanced_accuracy": theirs.balanced_accuracy_score(y, answers),
        "average_precision": theirs.average_precision_score(y, logits),
        "precision": theirs.precision_score(y, answers, zero_division=0),
        "recall": theirs.recall_score(y, answers, zero_division=0),
        "mcc": theirs.matthews_corrcoef(y, answers),
        "brier": theirs.brier_score_loss(y, shares, labels=[0, 1]),
    }


def of_more(y: Array, outputs: Array) -> dict[str, float]:
    answers, classes = outputs.argmax(axis=1), np.arange(outputs.shape[1])
    logs = outputs - np.logaddexp.reduce(outputs, axis=1, keepdims=True)  # to the last bit, which makes ties
    found = {
        "f1": theirs.f1_score(y, answers, average="macro", zero_division=0),
        "balanced_accuracy": theirs.balanced_accuracy_score(y, answers),
    }
    if len(classes) > 5:
        found["top5_accuracy"] = theirs.top_k_accuracy_score(y, outputs, k=5, labels=classes)
    there = np.unique(y)
    if len(there) > 1:  # scikit-learn's own takes no class that is not there
        found["auc"] = float(np.mean([theirs.roc_auc_score(y == one, logs[:, one]) for one in there]))
    return found


def check(spec: DataSpec, y: Array, outputs: Array, expected: dict[str, float]) -> None:
    """In the values, and the means of the rows' scores."""
    asked = asked_of(spec.task, len(spec.class_names))
    table = recorded(outputs, y, spec, asked)
    measured = logs_of(table, spec, asked)
    assert {name: measured[name] for name in asked if name in measured} == pytest.approx(expected, abs=1e-9)
    for name, value in expected.items():
        scores = scores_of(table, name, spec)
        if scores is not None:
            assert scores.shape == (len(y),)
            assert scores.mean() == pytest.approx(value, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(st.integers(0), st.integers(1, 60), st.integers(2, 8), st.sampled_from([1, 2, 4, 10**6]), st.data())
def test_metrics_of_classes_are_those_of_scikit_learn(
    seed: int, rows: int, classes: int, values: int, draw: st.DataObject
) -> None:
    """With ties, rows of one class alone, one answer for all of them, and classes that are never answered."""
    random = np.random.default_rng(seed)
    y = random.integers(0, draw.draw(st.integers(1, classes)), rows)
    outputs = random.integers(0, values, (rows, classes)) * (4 / values) - draw.draw(
        st.sampled_from([0, 2, 5])
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if classes == 2:
            check(of_task("binary"), y, outputs[:, 0], of_two(y, outputs[:, 0]))
        else:
            check(of_task("multiclass", classes), y, outputs, of_more(y, outputs))


@settings(max_examples=25, deadline=None)
@given(st.integers(0), st.integers(1, 60))
def test_errors_are_those_of_scikit_learn(seed: int, rows: int) -> None:
    random, spec = np.random.default_rng(seed), of_task("regression")
    y, outputs = random.standard_cauchy((2, rows))
    targets, predictions = 50 + 3 * y, 50 + 3 * outputs
    expected = {
        "median_error": theirs.median_absolute_error(targets, predictions),
        "mape": theirs.mean_absolute_percentage_error(targets, predictions),
    }
    check(spec, y, outputs, expected)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_none_is_a_number_where_an_output_is_none(task: str) -> None:
    spec, y = of_task(task, 6), np.array([0, 1, 1, 0])
    outputs = np.zeros((4, 6) if task == "multiclass" else 4)
    outputs.flat[0] = math.nan
    asked = asked_of(task, 6)
    table = recorded(outputs, y, spec, asked)
    measured = logs_of(table, spec, asked)
    assert all(math.isnan(measured[name]) for name in asked)
    for name in asked:
        scores = scores_of(table, name, spec)
        assert scores is None or math.isnan(scores.mean())


def test_what_a_row_adds_is_what_one_more_of_its_kind_would_change() -> None:
    """A thousandth of a row more, of each of them in turn, by the formulas of rows that are counted as often."""
    random, spec = np.random.default_rng(1), of_task("binary")
    y = random.integers(0, 2, 40)
    logits = np.round(random.normal(size=40) + y, 1)
    for name in (name for name, of in METRICS.items() if of.within):
        table = recorded(logits, y, spec, (name,))
        scores = scores_of(table, name, spec)
        assert scores is not None
        many = np.repeat(table, 1000, axis=0)
        for row in range(0, 40, 7):
            after = logs_of(np.concatenate([many, table[[row]]]), spec, (name,))[name]
            before = logs_of(many, spec, (name,))[name]
            assert 40_001 * (after - before) == pytest.approx(scores[row] - before, rel=2e-3, abs=2e-3)


@pytest.mark.parametrize("metric", ["f1", "auc"])
def test_a_training_is_compared_by_one_that_needs_the_outputs_of_all_classes(
    digits: PreparedData, metric: str
) -> None:
    one = Hyperparameters(depth=1, width=8)
    result = train(one, digits, epochs=2, patience=9, metric=f"val_{metric}", seed=0)
    plain = train(one, digits, epochs=2, patience=9, metric="val_accuracy", seed=0)
    added = {name: result.history.pop(name) for name in (metric, f"val_{metric}")}
    assert result.history == plain.history
    x, y = (np.asarray(part) for part in digits.validation())
    shares = result.model.predict(x, verbose=0)
    expected = (
        theirs.f1_score(y, shares.argmax(axis=1), average="macro")
        if metric == "f1"
        else theirs.roc_auc_score(y, shares.astype(np.float64), multi_class="ovr")
    )
    assert added[f"val_{metric}"][result.best_epoch - 1] == pytest.approx(expected, abs=1e-5)
    measured = measure_rows(one, digits.spec, result.weights, x, y, (metric,))
    assert measured[metric] == added[f"val_{metric}"][result.best_epoch - 1]
    scores = score_rows(one, digits.spec, result.weights, x, y, metric)
    assert (scores is None) == (metric == "auc")
