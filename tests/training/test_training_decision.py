"""The threshold above which the second of two classes is answered: exact, and kept only where other rows gain by it."""

from __future__ import annotations

import numpy as np
import pytest
from digits_spec import digits_spec
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as theirs

from search.data import PreparedData
from search.settings.metrics import METRICS
from search.training.decision import (
    FITTED_FOR,
    USUAL,
    Decision,
    best_threshold,
    decision_of,
    is_decided,
    probabilities_of,
)
from search.training.loop import train
from search.training.measures import decision_on, logs_of, scores_of
from search.training.network.recorded import recorded
from search.training.scoring import decision_on_rows, measure_rows
from spaces import Hyperparameters

SCIKIT_LEARN = {
    "accuracy": theirs.accuracy_score,
    "f1": theirs.f1_score,
    "balanced_accuracy": theirs.balanced_accuracy_score,
    "mcc": theirs.matthews_corrcoef,
    "precision": lambda labels, answers: theirs.precision_score(labels, answers, zero_division=0),
    "recall": theirs.recall_score,
}
TWO = digits_spec(task="binary", class_names=("no", "yes"))


def rows_of(seed: int, rows: int, share: float = 0.3, values: int = 10**6) -> tuple[np.ndarray, np.ndarray]:
    """Logits of few or many different values, and labels of both classes."""
    random = np.random.default_rng(seed)
    labels = (random.random(rows) < share).astype(np.int64)
    labels[:2] = 0, 1
    logits = random.integers(0, values, rows) / values * 8 - 6 + 2 * labels
    return logits, labels


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(2, 20),
    st.sampled_from([1, 2, 5, 10**6]),
    st.sampled_from(FITTED_FOR),
)
def test_no_other_threshold_is_better(seed: int, rows: int, values: int, metric: str) -> None:
    """Against each one that there is, counted by scikit-learn."""
    logits, labels = rows_of(seed, rows, values=values)
    probabilities = probabilities_of(logits)
    by, threshold = SCIKIT_LEARN[metric], best_threshold(probabilities, labels, metric)
    found = by(labels, probabilities > threshold)
    tried = {at: by(labels, probabilities > at) for at in {0.0, USUAL, 1.0, *probabilities}}
    assert found == pytest.approx(max(tried.values()), abs=1e-9)
    if tried[USUAL] == pytest.approx(found, abs=1e-12):
        assert threshold == USUAL


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 60), st.floats(0.01, 0.99), st.sampled_from(list(SCIKIT_LEARN)))
def test_metrics_at_a_threshold_are_those_of_scikit_learn(
    seed: int, rows: int, threshold: float, metric: str
) -> None:
    logits, labels = rows_of(seed, rows)
    table = recorded(logits, labels, TWO)
    answers = 1 / (1 + np.exp(-logits)) > threshold
    expected = SCIKIT_LEARN[metric](labels, answers)
    measured = logs_of(table, TWO, METRICS, threshold=threshold)
    assert measured[metric] == pytest.approx(expected, abs=1e-9)
    scores = scores_of(table, metric, TWO, threshold=threshold)
    assert scores is not None
    assert scores.mean() == pytest.approx(expected, abs=1e-9)
    # What is made of probabilities does not move.
    for other in ("auc", "crossentropy", "brier"):
        assert measured[other] == logs_of(table, TWO, METRICS)[other]


def test_a_rare_class_is_given_a_lower_threshold_and_gains_on_rows_that_did_not_fit_it() -> None:
    logits, labels = rows_of(0, 4000, share=0.1)
    found = decision_of(logits - 3, labels, "f1")
    assert found is not None
    assert found.kept
    assert found.used == found.threshold < 0.3
    assert found.elsewhere is not None
    assert found.before < found.elsewhere <= found.value
    table = recorded(logits - 3, labels, TWO)
    assert logs_of(table, TWO, METRICS)["f1"] == pytest.approx(found.before)
    assert logs_of(table, TWO, METRICS, threshold=found.threshold)["f1"] == pytest.approx(found.value)
    assert Decision.model_validate_json(found.model_dump_json()) == found


def test_it_is_kept_only_where_rows_gain_by_it_that_did_not_fit_it() -> None:
    """Of few rows without any order, each threshold fits its own luck."""
    random = np.random.default_rng(1)
    kept = []
    for _ in range(40):
        found = decision_of(random.normal(size=60), random.integers(0, 2, 60), "balanced_accuracy")
        assert found is not None
        assert found.value >= found.before
        assert found.elsewhere is not None
        assert found.kept == (found.elsewhere > found.before)
        assert found.used == (found.threshold if found.kept else USUAL)
        kept.append(found.kept)
    assert 0 < sum(kept) < 40


@pytest.mark.parametrize(
    ("logits", "labels"), [([1.0, 2.0], [1, 1]), ([float("nan"), 0.0], [0, 1]), ([float("inf"), 0.0], [0, 1])]
)
def test_rows_of_one_class_or_without_a_number_fit_none(logits: list[float], labels: list[int]) -> None:
    assert decision_of(np.array(logits), np.array(labels), "f1") is None


def test_two_rows_fit_one_that_no_other_rows_speak_for() -> None:
    found = decision_of(np.array([-3.0, -2.0]), np.array([0, 1]), "f1")
    assert found is not None
    assert (found.value, found.elsewhere, found.kept, found.used) == (1.0, None, False, USUAL)


def test_models_are_given_one_by_metrics_that_are_better_for_it() -> None:
    decided = {name for name in METRICS if is_decided(name, "binary")}
    assert decided == {"f1", "balanced_accuracy", "mcc"}
    assert not any(is_decided(name, task) for name in METRICS for task in ("multiclass", "regression"))


def test_a_network_is_judged_at_its_threshold_as_its_rows_fit_it(binary: PreparedData) -> None:
    one = Hyperparameters(depth=1, width=4)
    result = train(one, binary, epochs=1, patience=9, metric="val_f1", seed=0)
    x, y = binary.validation()
    found = decision_on_rows(one, binary.spec, result.weights, x, y, "f1")
    assert found is not None
    assert found.before == pytest.approx(result.history["val_f1"][0])
    there = measure_rows(one, binary.spec, result.weights, x, y, ("f1",), threshold=found.threshold)
    assert there["f1"] == pytest.approx(found.value)
    answers = result.model.predict(x, verbose=0)[:, 0].astype(np.float64) > found.threshold
    assert theirs.f1_score(np.asarray(y), answers) == pytest.approx(found.value)


def test_more_classes_and_quantities_have_none() -> None:
    spec = digits_spec()
    table = recorded(np.zeros((3, 10)), np.array([0, 1, 2]), spec)
    assert decision_on(table, "f1", spec) is None


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 15), st.sampled_from(FITTED_FOR))
def test_a_row_that_counts_three_times_is_three_rows(seed: int, rows: int, metric: str) -> None:
    logits, labels = rows_of(seed, rows)
    counts = np.random.default_rng(seed).integers(0, 4, rows)
    counts[:2] = 1
    one, many = (
        best_threshold(probabilities_of(logits), labels, metric, counts.astype(np.float64)),
        best_threshold(probabilities_of(np.repeat(logits, counts)), np.repeat(labels, counts), metric),
    )
    again = np.repeat(labels, counts)
    found, expected = (
        SCIKIT_LEARN[metric](again, probabilities_of(np.repeat(logits, counts)) > at) for at in (one, many)
    )
    assert found == pytest.approx(expected, abs=1e-9)
    table, weights = recorded(logits, labels, TWO), counts.astype(np.float64)
    decision = decision_on(table, metric, TWO, weights)
    assert decision is not None
    assert decision.value == pytest.approx(expected, abs=1e-9)
    assert decision.value == pytest.approx(
        logs_of(table, TWO, METRICS, weights, threshold=decision.threshold)[metric], abs=1e-9
    )
