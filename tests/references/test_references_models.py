"""Reference models are scikit-learn's, and their metrics are those of networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from bundled_tables import bundled
from digits_spec import digits_spec
from sklearn.metrics import (
    accuracy_score,
    log_loss,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)

from search.references.judging import measure, score
from search.references.models import fit
from search.references.record import NAMES
from search.settings.metrics import METRICS, asked_of, metrics_of, sees_all_outputs
from search.study.constant_answer import constant_value
from search.training.graph.head import HEADS, head_of
from search.training.network.recorded import recorded

TASKS = ("binary", "multiclass", "regression")


@pytest.mark.parametrize("task", TASKS)
def test_a_row_is_recorded_as_a_graph_records_it_of_a_network(task: str) -> None:
    random, head = np.random.default_rng(0), HEADS[task]
    outputs = 5 * random.normal(size=(50, 4 if task == "multiclass" else 1)).astype(np.float32)
    y = random.normal(size=50) if task == "regression" else random.integers(0, outputs.shape[1], 50)
    y = y.astype(np.float32 if task == "regression" else np.int32)
    spec = digits_spec(task=task, class_names=tuple("0123"))
    losses, _ = head.losses(tf.constant(outputs), tf.constant(y), None)
    theirs = head.record(losses, losses, tf.constant(outputs), tf.constant(y))
    outputs_of = (outputs if task == "multiclass" else outputs[:, 0]).astype(float)
    ours = recorded(outputs_of, y, spec)
    assert ours == pytest.approx(theirs.numpy(), rel=1e-5, abs=1e-6)
    all_outputs = head_of(task, sees_all_outputs(task, METRICS))
    theirs = all_outputs.record(losses, losses, tf.constant(outputs), tf.constant(y))
    assert recorded(outputs_of, y, spec, METRICS) == pytest.approx(theirs.numpy(), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("task", TASKS)
def test_one_answer_for_every_row_reaches_what_the_study_knows_of_it(task: str, tmp_path: Path) -> None:
    table = bundled(task)
    asked = asked_of(task, len(table.spec.class_names))
    metrics = measure(fit("constant", *table.train, table.spec, 0), *table.validation, table.spec, asked)
    data = table.saved(tmp_path)
    known = {metric: constant_value(data, metric) for metric in (*metrics_of(task), *asked)}
    # The mean of the training rows is not that of the others.
    assert metrics == pytest.approx(known, rel=1e-5, abs=0.05 if task == "regression" else 1e-6)


@pytest.mark.parametrize("name", NAMES[1:])
def test_metrics_are_those_of_scikit_learn(name: str) -> None:
    for task in TASKS:
        table = bundled(task)
        x, y = table.validation
        model = fit(name, *table.train, table.spec, 0)
        metrics, outputs = measure(model, x, y, table.spec), model.answer(x)
        if task == "regression":
            unit = table.spec.target_std
            theirs = {
                "rmse": root_mean_squared_error(unit * y, unit * outputs),
                "mae": mean_absolute_error(unit * y, unit * outputs),
                "r2": r2_score(y, outputs),
            }
        elif task == "binary":
            theirs = {
                "accuracy": accuracy_score(y, outputs > 0),
                "crossentropy": log_loss(y, 1 / (1 + np.exp(-outputs))),
                "auc": roc_auc_score(y, outputs),
            }
        else:
            shares = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
            theirs = {
                "accuracy": accuracy_score(y, outputs.argmax(axis=1)),
                "crossentropy": log_loss(y, shares),
            }
        assert metrics == pytest.approx(theirs, rel=1e-6)
        assert metrics.keys() == {metric for metric, of in METRICS.items() if task in of.tasks}
        for metric, value in metrics.items():
            of_rows = score(model, x, y, metric, table.spec)
            assert of_rows is None or of_rows.mean() == pytest.approx(value)


def test_trees_and_a_linear_model_beat_the_constant_and_are_the_same_again() -> None:
    table = bundled("binary")
    values = {
        name: measure(fit(name, *table.train, table.spec, 3), *table.validation, table.spec) for name in NAMES
    }
    assert (
        min(values["trees"]["accuracy"], values["linear"]["accuracy"]) > values["constant"]["accuracy"] + 0.2
    )
    assert (
        measure(fit("trees", *table.train, table.spec, 3), *table.validation, table.spec) == values["trees"]
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_class_that_no_training_row_has_is_as_good_as_impossible(name: str) -> None:
    table = bundled("multiclass")
    x, y = table.train
    there = y != 1
    metrics = measure(fit(name, x[there], y[there], table.spec, 0), *table.validation, table.spec)
    share = np.mean(table.validation[1] == 1)
    assert 0 < metrics["accuracy"] <= 1 - share
    assert share * -np.log(1e-7) < metrics["crossentropy"] < 20


@pytest.mark.parametrize("name", NAMES[1:])
def test_training_rows_of_one_class_are_refused_in_words(name: str) -> None:
    table = bundled("binary")
    x, y = table.train
    with pytest.raises(ValueError, match="all training rows are of one class"):
        fit(name, x, np.zeros_like(y), table.spec, 0)


def test_trees_stop_early_only_where_each_class_can_be_kept_back() -> None:
    """scikit-learn refuses to keep back a tenth of a class of one row."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(10_001, 2)).astype(np.float32), np.zeros(10_001, np.int32)
    y[0] = 1
    assert np.isfinite(fit("trees", x, y, bundled("binary").spec, 0).answer(x[:5])).all()
