"""What mistakes about two classes cost: a metric whose name says it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from digits_spec import digits_spec
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from search.errors import InputError
from search.settings.chosen_metric import compared_by
from search.settings.costs import Costs, costs_in, costs_said
from search.settings.metrics import direction_of, in_order
from search.settings.settings import load_settings
from search.study.constant_answer import constant_of
from search.training.decision import best_threshold, decision_of, is_decided, probabilities_of
from search.training.measures import logs_of, scores_of
from search.training.network.recorded import recorded

TWO = digits_spec(task="binary", class_names=("no", "yes"))
positive = st.floats(0.01, 1000).map(lambda value: float(f"{value:.6g}"))


def mean_cost(labels: np.ndarray, answers: np.ndarray, costs: Costs) -> float:
    _, wrong, missed, _ = confusion_matrix(labels, answers, labels=[0, 1]).ravel()
    return float(costs.fn * missed + costs.fp * wrong) / len(labels)


@given(positive, positive)
def test_costs_are_in_the_name_of_the_metric(fn: float, fp: float) -> None:
    costs = Costs(fn, fp)
    assert costs_in(costs.metric) == costs == costs_said(f" fp={fp!r}, fn = {fn!r}")
    assert costs_in("f1") is None
    assert direction_of(f"val_{costs.metric}") == "minimize"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 25), positive, positive)
def test_a_cost_is_counted_at_what_costs_say_and_no_threshold_costs_less_than_the_fitted(
    seed: int, rows: int, fn: float, fp: float
) -> None:
    random, costs = np.random.default_rng(seed), Costs(fn, fp)
    logits, labels = random.normal(size=rows) * 3, random.integers(0, 2, rows)
    labels[:2] = 0, 1
    table, name = recorded(logits, labels, TWO), costs.metric
    answers = 1 / (1 + np.exp(-logits)) > fp / (fp + fn)
    measured = logs_of(table, TWO, (name,))
    assert measured[name] == pytest.approx(mean_cost(labels, answers, costs), rel=1e-9)
    scores = scores_of(table, name, TWO)
    assert scores is not None
    assert scores.mean() == pytest.approx(measured[name], rel=1e-12)
    # Other metrics are at 0.5, beside it.
    assert measured["accuracy"] == pytest.approx(np.mean((logits > 0) == labels))
    probabilities = probabilities_of(logits)
    fitted = mean_cost(labels, probabilities > best_threshold(probabilities, labels, name), costs)
    tried = [mean_cost(labels, probabilities > at, costs) for at in (0.0, 1.0, *probabilities)]
    assert fitted == pytest.approx(min(tried), rel=1e-9, abs=1e-12)
    found = decision_of(logits, labels, name)
    assert found is not None
    assert (found.usual, found.metric) == (costs.threshold, name)
    assert found.value == pytest.approx(fitted, rel=1e-9, abs=1e-12)
    assert found.kept == (found.elsewhere is not None and found.elsewhere < found.before)
    assert found.used == (found.threshold if found.kept else costs.threshold)


def test_one_answer_for_every_row_is_the_cheaper_class() -> None:
    train, validation = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    for costs, expected in ((Costs(10, 1), 0.5), (Costs(1, 1), 0.5), (Costs(2, 1), 1.0), (Costs(4, 1), 0.5)):
        constant = constant_of(f"val_{costs.metric}")
        assert constant is not None
        assert constant.reaches(train, validation, TWO) == expected


def test_a_cost_in_a_settings_file_or_an_option_is_a_metric(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('data = "digits"\ncost = "fn=5,fp=2"\n')
    assert load_settings(file, {}).metric == "val_cost(fn=5,fp=2)"
    over = load_settings(file, {"cost": "fn=10,fp=1", "metric": None})
    assert over.metric == "val_cost(fn=10,fp=1)"
    assert load_settings(file, {"metric": "val_f1"}).metric == "val_f1"
    assert load_settings(None, {"cost": "fn=1,fp=3", "metric": "val_cost"}, {"data": "digits"}).metric == (
        "val_cost(fn=1,fp=3)"
    )
    with pytest.raises(InputError, match="leave out --metric val_f1"):
        load_settings(None, {"data": "digits", "cost": "fn=1,fp=3", "metric": "val_f1"})
    file.write_text('data = "digits"\ncost = 3\n')
    with pytest.raises(InputError, match=r"settings.toml, line 2: cost: expected what a missed row"):
        load_settings(file, {})
    assert compared_by("val_cost(fn=5,fp=2)").endswith("val_cost(fn=5,fp=2), smaller is better")


def test_models_of_two_classes_are_given_a_threshold_by_it() -> None:
    name = Costs(10, 1).metric
    assert is_decided(name, "binary")
    assert not is_decided(name, "multiclass")
    assert in_order({name, "auc", "accuracy", "loss"}) == ["accuracy", "auc", name]
