"""A quantile in place of the mean: a metric whose name says it, and the loss that networks and trees then learn by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from bundled_tables import bundled
from digits_spec import digits_spec
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mean_pinball_loss

from search.conclusion.statistics.over_rows import interval_over_rows
from search.errors import InputError
from search.references.judging import measure
from search.references.models import fit
from search.references.record import NAMES
from search.settings.chosen_metric import check_metric_exists, choose_metric
from search.settings.metrics import direction_of, in_order
from search.settings.quantiles import quantile_in, quantile_metric
from search.study.constant_answer import constant_of, constant_value
from search.training.graph.head import head_of
from search.training.loop import train
from search.training.measures import logs_of, scores_of
from search.training.network.recorded import recorded
from search.training.own_model.loss import loss_of
from spaces import Hyperparameters

SPEC = digits_spec(task="regression", class_names=(), target_std=3.0, target_mean=50.0)
levels = st.integers(1, 999).map(lambda thousandths: thousandths / 1000)


@settings(max_examples=40, deadline=None)
@given(st.integers(0), st.integers(1, 60), levels, st.booleans())
def test_the_loss_is_scikit_learns(seed: int, rows: int, level: float, weighted: bool) -> None:
    random, name = np.random.default_rng(seed), quantile_metric(level)
    y, outputs = random.standard_cauchy((2, rows))
    weights = random.exponential(size=rows) if weighted else None
    expected = mean_pinball_loss(50 + 3 * y, 50 + 3 * outputs, alpha=level, sample_weight=weights)
    table = recorded(outputs, y, SPEC, (name,))
    assert logs_of(table, SPEC, (name,), weights)[name] == pytest.approx(expected, rel=1e-9)
    scores = scores_of(table, name, SPEC, weights)
    assert scores is not None
    assert scores.mean() == pytest.approx(expected, rel=1e-9)
    found = interval_over_rows(name, expected, scores, weights)
    assert found is None or found[0] <= expected <= found[1]


def test_the_level_is_in_the_name() -> None:
    assert quantile_in(quantile_metric(0.975)) == 0.975
    assert choose_metric("val_pinball@0.90", SPEC) == "val_pinball@0.9"
    assert direction_of("val_pinball@0.9") == "minimize"
    assert in_order({"pinball@0.9", "mae", "loss"}) == ["mae", "pinball@0.9"]
    assert [quantile_in(name) for name in ("mae", "pinball", "pinball@1.5", "pinball@nan")] == [None] * 4


@pytest.mark.parametrize("said", ["val_pinball", "val_pinball@90", "val_pinball@0", "val_pinball@nine"])
def test_what_is_no_quantile_is_refused_before_any_data_is_read(said: str) -> None:
    with pytest.raises(InputError, match=r"above 0 and below 1, such as pinball@0\.9, but got 'pinball"):
        check_metric_exists(said)


def test_classes_have_no_quantile() -> None:
    with pytest.raises(InputError, match="this data is multiclass, so expected one of val_loss"):
        choose_metric("val_pinball@0.9", digits_spec())
    with pytest.raises(InputError, match=r"val_mape, val_pinball@0.9, but got 'val_accuracy'"):
        choose_metric("val_accuracy", SPEC)


@pytest.mark.parametrize("level", [0.1, 0.9])
def test_a_graph_minimises_it_and_records_it(level: float) -> None:
    random, head = np.random.default_rng(0), head_of("regression", all_outputs=False, quantile=level)
    outputs, y = random.normal(size=(50, 1)).astype(np.float32), random.normal(size=50).astype(np.float32)
    given = tf.constant(outputs)
    with tf.GradientTape() as tape:
        tape.watch(given)
        losses, slopes = head.losses(given, tf.constant(y), None)
        total = tf.reduce_sum(losses)
    assert slopes.numpy() == pytest.approx(tape.gradient(total, given).numpy())
    assert losses.numpy().mean() == pytest.approx(mean_pinball_loss(y, outputs[:, 0], alpha=level), rel=1e-5)
    theirs = head.record(losses, losses, given, tf.constant(y)).numpy()
    assert recorded(outputs[:, 0], y, SPEC, (quantile_metric(level),)) == pytest.approx(theirs, rel=1e-5)
    of_own = loss_of(Hyperparameters(), SPEC, level)(y[:, None], outputs)
    assert float(of_own) == pytest.approx(losses.numpy().mean(), rel=1e-5)


@pytest.mark.parametrize("level", [0.1, 0.9])
def test_a_network_that_is_compared_by_it_answers_the_quantile(level: float, tmp_path: Path) -> None:
    data, name = bundled("regression").saved(tmp_path), quantile_metric(level)
    one = Hyperparameters(depth=1, width=16, learning_rate=0.01)
    result = train(one, data, epochs=40, patience=40, metric=f"val_{name}", seed=0)
    for of, around in ((data.training(), 0.06), (data.validation(), 0.12)):
        x, y = (np.asarray(part) for part in of)
        answers = result.model.predict(x, verbose=0)[:, 0]
        assert np.mean(y <= answers) == pytest.approx(level, abs=around)
    expected = data.spec.target_std * mean_pinball_loss(y, answers, alpha=level)
    assert result.history[f"val_{name}"][result.best_epoch - 1] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("weighted", [False, True])
def test_what_needs_no_network_answers_the_quantile_too(weighted: bool, tmp_path: Path) -> None:
    table, name = bundled("regression"), quantile_metric(0.9)
    x, y = table.train
    weights = np.random.default_rng(0).exponential(size=len(y)) if weighted else None
    values = {}
    for model in NAMES:
        fitted = fit(model, x, y, table.spec, 0, weights, 0.9)
        answers = fitted.answer_for.get(name, fitted.answer)(x)
        assert np.average(y <= answers + 1e-6, weights=weights) == pytest.approx(0.9, abs=0.05)
        values[model] = measure(fitted, *table.validation, table.spec, (name,))[name]
    if not weighted:
        assert values["constant"] == pytest.approx(
            constant_value(table.saved(tmp_path), f"val_{name}"), rel=1e-4
        )
    assert values["linear"] < values["constant"]
    constant = constant_of(f"val_{name}")
    assert constant is not None
    assert constant.words == "the 90 % quantile for every row"
