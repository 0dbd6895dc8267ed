"""A quantity that is learnt as its logarithm is judged and answered in its own units."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from refusals import refused

from search.data import (
    DataRequest,
    attach_preprocessing,
    describe,
    prepare,
    raw_inputs,
    read_source,
    spec_changes,
)
from search.data.preparing.log_target import LogTarget, log_target
from search.data.preparing.sealed import open_test_split
from search.data.preparing.spec import DataSpec
from search.data.preparing.splits import split_rows
from search.errors import DataError

ROWS = 60
RANDOM = np.random.default_rng(0)
PRICES = np.exp(RANDOM.normal(5, 1, ROWS)).round(2)
TABLE = "size,price\n" + "".join(f"{size:.2f},{size}\n" for size in PRICES)
EVERY = np.arange(ROWS)
positive = st.floats(0, 1e9, allow_subnormal=False)


@pytest.fixture(scope="module")
def prices(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prices")
    (folder / "prices.csv").write_text(TABLE)
    request = DataRequest(
        str(folder / "prices.csv"), target="price", task="regression", target_transform="log"
    )
    return request, prepare(request, folder / "cache")


def test_what_is_learnt_is_standardised_logarithms_of_the_training_rows(prices):
    _, prepared = prices
    assert prepared.spec.target_log is not None
    _, y = prepared.training()
    np.testing.assert_allclose([np.mean(y), np.std(y)], [0, 1], atol=1e-6)


def test_nothing_of_validation_and_test_rows_is_in_what_is_fitted(tmp_path, prices):
    _, prepared = prices
    split = split_rows(PRICES, class_names=(), val_fraction=0.15, test_fraction=0.15, seed=0)
    others = PRICES.copy()
    others[np.concatenate([split.validation, split.test])] *= 1000
    (tmp_path / "others.csv").write_text(
        "size,price\n" + "".join(f"{size:.2f},{price}\n" for size, price in zip(PRICES, others, strict=True))
    )
    moved = DataRequest(
        str(tmp_path / "others.csv"), target="price", task="regression", target_transform="log"
    )
    assert prepare(moved, tmp_path / "cache").spec.target_log == prepared.spec.target_log


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_an_exported_model_answers_in_the_targets_own_units(prices, scale):
    import keras

    request, prepared = prices
    log = prepared.spec.target_log
    core = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(1, kernel_initializer=keras.initializers.Constant(scale))]
    )
    x, _ = open_test_split(prepared)
    raw = read_source(request)
    split = split_rows(raw.y, class_names=(), val_fraction=0.15, test_fraction=0.15, seed=0)
    answers = attach_preprocessing(core, prepared.spec)(raw_inputs(raw.x.take(split.test), prepared.spec))
    np.testing.assert_allclose(
        np.asarray(answers)[:, 0], log.answers(np.asarray(core(np.asarray(x)))[:, 0]), rtol=1e-6
    )
    assert np.asarray(answers).min() >= 0
    assert np.asarray(answers).max() <= log.largest * (1 + 1e-9)


@example([104.0, 5.7e-306, 5.7e-306], 0.0)
@example([1e-300, 2e-300], 1e9)
@given(
    st.lists(positive, min_size=2, max_size=20).filter(lambda targets: max(targets) > 0), st.floats(-1e9, 1e9)
)
def test_targets_of_any_size_come_back(targets, other):
    targets = np.array(targets)
    log, _ = log_target(targets, np.arange(len(targets)), "log", "the target")
    scale = max(1.0, abs(other))
    there = np.append(targets, other)
    back = log.targets(log.learnt(there))
    assert np.isfinite(log.learnt(there)).all()
    np.testing.assert_allclose(back, there, rtol=1e-6, atol=1e-6 * scale)
    np.testing.assert_allclose(log.answers(log.learnt(targets)), targets, rtol=1e-6, atol=1e-6 * scale)


@given(st.floats(allow_nan=False))
def test_answers_are_never_below_0_nor_beyond_twice_the_largest_target(output):
    log = LogTarget(unit=2.0, mean=3.0, std=0.5, largest=200.0)
    (answer,) = log.answers(np.array([output]))
    assert 0 <= answer <= 200 * (1 + 1e-12)


def test_counts_are_learnt_as_the_logarithm_of_one_more():
    log, _ = log_target(np.array([0.0, 1, 1, 1, 2, 3, 9]), np.arange(7), "log", "the target")
    assert log.unit == 1.0


def test_where_no_target_is_0_hardly_anything_is_added():
    log, _ = log_target(PRICES, EVERY, "log", "the target")
    assert np.ptp(log.learnt(PRICES) * log.std - np.log(PRICES)) < 0.3


def test_auto_takes_logarithms_of_what_is_much_less_skewed_so():
    skewed, told = log_target(PRICES, EVERY, "auto", "the target")
    assert skewed is not None
    assert "skewness" in told[0]
    even = RANDOM.uniform(1, 2, ROWS)
    assert log_target(even, EVERY, "auto", "the target")[0] is None
    assert log_target(-PRICES, EVERY, "auto", "the target")[0] is None
    assert log_target(np.zeros(ROWS), EVERY, "auto", "the target")[0] is None
    some_below = np.append(PRICES, -PRICES[:3])
    assert log_target(some_below, np.arange(len(some_below)), "auto", "the target")[0] is None


def test_auto_decides_on_training_rows_alone():
    below = np.append(PRICES, -5.0)
    log, _ = log_target(below, EVERY, "auto", "the target")
    assert log == log_target(PRICES, EVERY, "auto", "the target")[0]


def test_a_target_below_0_has_no_logarithm(csv, tmp_path):
    text = "a,y\n1,-3\n2,-1\n" + "".join(f"{n},{n / 2}\n" for n in range(40))
    request = csv(text, target_transform="log")
    refused(request, tmp_path, "--target-transform log: the target 'y' has no logarithm", "2 rows hold", "-3")
    with pytest.raises(DataError, match="has no logarithm"):
        describe(read_source(request))


def test_classes_have_no_logarithm(csv, tmp_path):
    text = "a,y\n" + "".join(f"{n},{'xy'[n % 2]}\n" for n in range(40))
    refused(csv(text, target_transform="log"), tmp_path, "--target-transform log: the target of", "classes")
    assert read_source(csv(text, target_transform="auto")).task == "binary"


def test_data_show_says_what_is_learnt(prices):
    request, _ = prices
    assert any(
        note.startswith("the target 'price' is learnt as log(1 + target / ")
        for note in describe(read_source(request)).notes
    )


def test_a_spec_without_it_is_written_as_before_and_one_with_it_survives_json(prices):
    _, prepared = prices
    spec = prepared.spec
    assert DataSpec.model_validate_json(spec.model_dump_json()) == spec
    assert "target_log" not in json.loads(spec.with_plain_target().model_dump_json())
    assert spec_changes(spec.with_plain_target(), spec) == ["target: learnt as it is -> as its logarithm"]


def test_a_transform_that_is_not_there_is_refused(csv):
    with pytest.raises(DataError, match="target_transform must be none, log or auto"):
        DataRequest("a.csv", target_transform="sqrt")
