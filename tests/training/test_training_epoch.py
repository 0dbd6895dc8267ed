"""A compiled epoch computes what `model.fit` computes on the same batches."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.keras_fit import build_loss, build_metrics
from search.data import DataRequest, PreparedData, prepare
from search.training.epoch import CompiledEpoch, compiled_epoch
from search.training.layers import SETTLED, DropoutMasks, moving_rates
from search.training.loop import train
from search.training.model import build_model
from search.training.network.structure import Structure
from search.training.schedules import build_optimizer, learning_rates
from spaces import Hyperparameters
from spaces.hyperparameters import words_of
from spaces.optimizers import OPTIMIZERS

BATCH = 50


def both(data: PreparedData, epochs: int = 1, **values: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """Logs and weights after `epochs` in the order of the rows: of `fit`, of the compiled epoch."""
    one = Hyperparameters.from_values({"depth": 2, "width": 24, "taper": 0.5, "batch_size": BATCH, **values})
    (x, y), (x_val, y_val) = data.training(), data.validation()
    if one.batch_norm:
        # Whole batches: Keras counts a last one of few rows as much as any other.
        x, y = (part[: len(part) // BATCH * BATCH] for part in (x, y))
    column = (lambda part: part) if data.spec.task == "multiclass" else (lambda part: part.reshape(-1, 1))
    steps = -(-len(x) // one.batch_size)
    model = build_model(one, data.spec, seed=3)
    if one.batch_norm:
        # Their gradient is rounding noise, which Adam and Lion blow up; the compiled epoch leaves them at zero.
        for layer in range(1, one.depth + 1):
            model.get_layer(f"dense_{layer}").bias.trainable = False
    start = model.get_weights()
    optimizer = build_optimizer(one, total_steps=epochs * steps)
    rates = [learning_rates(optimizer, epoch * steps, steps) for epoch in range(epochs)]
    model.compile(optimizer, build_loss(data.spec, one.label_smoothing), metrics=build_metrics(data.spec))
    history = model.fit(
        x,
        column(y),
        batch_size=one.batch_size,
        epochs=epochs,
        shuffle=False,
        validation_data=(x_val, column(y_val)),
        validation_batch_size=1024,
        verbose=0,
    ).history
    theirs = {"weights": model.get_weights(), "logs": {name: values[-1] for name, values in history.items()}}
    if one.batch_norm:
        take_initial_statistics_out(model, one.depth, updates=epochs * steps)
        theirs["weights"] = model.get_weights()
        measured = model.evaluate(x_val, column(y_val), batch_size=1024, return_dict=True, verbose=0)
        theirs["logs"] |= {f"val_{name}": value for name, value in measured.items()}

    epoch = compiled_epoch(Structure.of(one, data.spec, bfloat16=False))
    epoch.reset(one, start, data.spec, seed=0)
    rows = tf.constant(x.reshape(len(x), -1)), tf.constant(y)
    order = np.arange(len(x), dtype=np.int32)
    for of_epoch in rates:
        trained = epoch.train(*rows, order, one.batch_size, of_epoch)
    rows = tf.constant(x_val.reshape(len(x_val), -1))
    measured = epoch.evaluate(rows, tf.constant(y_val), rows[:0])
    logs = epoch.measures.logs(trained, data.spec)
    validation = epoch.measures.logs(measured, data.spec)
    logs |= {f"val_{name}": value for name, value in validation.items()}
    return theirs, {"weights": epoch.get_weights(), "logs": logs}


def take_initial_statistics_out(model: keras.Model, depth: int, updates: int) -> None:
    """Keras's moving statistics hold a share of the initial mean 0 and variance 1 (Kingma & Ba 2015, section 3)."""
    share = 0.99**updates
    for layer in range(1, depth + 1):
        norm = model.get_layer(f"batch_norm_{layer}")
        norm.moving_mean.assign(norm.moving_mean / (1 - share))
        norm.moving_variance.assign((norm.moving_variance - share) / (1 - share))


def assert_equal(theirs: dict[str, Any], ours: dict[str, Any], tolerance: float = 1e-5) -> None:
    assert theirs["logs"].keys() == ours["logs"].keys()
    scales = {name: max(1.0, abs(value)) for name, value in theirs["logs"].items()}
    apart = {name: abs(theirs["logs"][name] - ours["logs"][name]) / scales[name] for name in scales}
    assert max(apart.values()) < tolerance, apart
    for one, other in zip(theirs["weights"], ours["weights"], strict=True):
        assert np.abs(one - other).max() < tolerance


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_one_epoch_of_each_optimizer(digits: PreparedData, optimizer: str, batch_norm: bool) -> None:
    """The last batch is a partial one without batch normalization; moving statistics are among the weights.

    With batch normalization a second of Adam's first steps is of full size whatever the gradient's size, so
    rounding of a gradient near zero shows: plain descent is held to 1e-5, the others to the loss.
    """
    assert digits.spec.rows.train % BATCH
    theirs, ours = both(
        digits, optimizer=optimizer, batch_norm=batch_norm, learning_rate=1e-3, schedule="cosine", l2=1e-3
    )
    if batch_norm and optimizer != "sgd":
        assert ours["logs"]["loss"] == pytest.approx(theirs["logs"]["loss"], abs=1e-4)
        assert ours["logs"]["val_loss"] == pytest.approx(theirs["logs"]["val_loss"], abs=2e-3)
    else:
        assert_equal(theirs, ours)


@pytest.mark.parametrize("activation", words_of("activation"))
def test_every_activation(regression: PreparedData, activation: str) -> None:
    assert_equal(*both(regression, activation=activation, optimizer="sgd", learning_rate=0.01))


@pytest.mark.parametrize("task", ["digits", "binary", "regression"])
@pytest.mark.parametrize(
    "values",
    # The rounding of a normalised unit near 0 decides what ReLU lets through, and grows from there.
    [{}, {"batch_norm": True, "activation": "tanh"}, {"label_smoothing": 0.1, "l2": 0.01}],
)
def test_every_task(request: pytest.FixtureRequest, task: str, values: dict[str, object]) -> None:
    """Loss with penalty and smoothing, accuracy, cross-entropy, AUC, MAE in the target's units, R2."""
    assert_equal(
        *both(request.getfixturevalue(task), epochs=3, optimizer="sgd", learning_rate=0.02, **values)
    )


@pytest.mark.parametrize("features", [1, 10_000])
def test_one_feature_and_ten_thousand(tmp_path: Path, features: int) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(90, features)).astype(np.float32)
    np.savez(tmp_path / "data.npz", x=x, y=(x[:, 0] > 0).astype(int))
    data = prepare(DataRequest(str(tmp_path / "data.npz")), tmp_path)
    assert_equal(*both(data, optimizer="sgd", learning_rate=1e-3))


def test_fewer_rows_than_a_batch(regression: PreparedData) -> None:
    assert_equal(*both(regression, epochs=2, batch_size=4096, optimizer="sgd", learning_rate=0.01))


class TestMovingStatistics:
    @settings(max_examples=50)
    @given(st.integers(1, 40), st.integers(1, 50), st.integers(1, 5))
    def test_they_are_the_mean_over_rows_with_older_batches_counting_less(
        self, rows: int, batch_size: int, epochs: int
    ) -> None:
        """Nothing of where they began is left, and a batch of few rows counts little."""
        statistics = iter(np.random.default_rng(rows).normal(size=rows * epochs))
        moving, seen, total, weights = 99.0, 0.0, 0.0, 0.0
        for _ in range(epochs):
            rates, seen = moving_rates(rows, batch_size, seen)
            sizes = [min(batch_size, rows - start) for start in range(0, rows, batch_size)]
            for rate, size in zip(rates, sizes, strict=True):
                statistic = next(statistics)
                moving += float(rate) * (statistic - moving)
                total, weights = 0.99 * total + size * statistic, 0.99 * weights + size
            assert moving == pytest.approx(total / weights, abs=1e-4)

    def test_after_many_steps_they_move_as_keras_moves_them(self) -> None:
        assert moving_rates(10_000, 1, 0.0)[0][-1] == pytest.approx(0.01)
        assert moving_rates(3, 8, SETTLED)[0].tolist() == pytest.approx([0.01])

    def test_of_a_first_epoch_they_are_those_of_its_rows(self, regression: PreparedData) -> None:
        """With a rate of nothing, so that all batches meet the same weights; the last batch is a partial one."""
        one = Hyperparameters(
            depth=1, width=8, batch_norm=True, optimizer="sgd", learning_rate=1e-30, batch_size=BATCH
        )
        x, _ = regression.training()
        last = len(x) % BATCH
        assert 0 < last < BATCH // 2
        result = train(one, regression, epochs=1, patience=9, metric="val_mae", seed=0)
        kernel, _, _, _, mean, variance = result.weights[:6]
        units = np.asarray(x, np.float64) @ kernel
        # Of all rows, but for what older batches count less, and the deviation between batches.
        assert np.abs(mean - units.mean(axis=0)).max() < 0.02 * units.std(axis=0).max()
        assert variance == pytest.approx(units.var(axis=0), rel=0.05)

    def test_what_is_kept_is_what_was_judged_from_the_first_epoch_on(self, regression: PreparedData) -> None:
        one = Hyperparameters(depth=1, width=8, batch_norm=True, batch_size=128)
        result = train(one, regression, epochs=1, patience=9, metric="val_mae", seed=0)
        x, y = regression.validation()
        predicted = result.model.predict(x, verbose=0)[:, 0]
        expected = np.abs(predicted - y).mean() * regression.spec.target_std
        assert result.history["val_mae"] == pytest.approx([expected], rel=1e-5)

    def test_those_that_a_callback_sets_are_taken_as_settled(self, regression: PreparedData) -> None:
        """As of a network that was trained before; others are left as they are, however often they are set."""
        one = Hyperparameters(depth=1, width=8, batch_norm=True, optimizer="sgd", learning_rate=1e-30)
        epoch = compiled_epoch(Structure.of(one, regression.spec, bfloat16=False))
        x, y = map(tf.constant, regression.training())
        order, rates = np.arange(len(x), dtype=np.int32), np.full(1, 1e-30, np.float32)
        start = build_model(one, regression.spec, seed=0).get_weights()
        epoch.reset(one, start, regression.spec, seed=0)
        epoch.set_weights(epoch.get_weights())
        epoch.train(x, y, order, len(x), rates)
        mean, variance = epoch.get_weights()[4:6]
        assert variance == pytest.approx(np.var(np.asarray(x) @ start[0], axis=0), rel=1e-4)
        given = [*start[:4], mean + 1000.0, variance, *start[6:]]
        epoch.set_weights(given)
        epoch.train(x, y, order, len(x), rates)
        assert epoch.get_weights()[4] == pytest.approx(mean + 990.0, rel=1e-4)


def test_one_graph_serves_every_width_rate_and_batch_size(digits: PreparedData) -> None:
    one = Hyperparameters(depth=2, batch_norm=True, dropout=0.1, l2=1e-4)
    epoch = compiled_epoch(Structure.of(one, digits.spec, bfloat16=False))
    for width, batch, dropout in ((8, 16, 0.5), (300, 256, 0.05), (17, 7, 0.3)):
        changed = one.model_copy(update={"width": width, "batch_size": batch, "dropout": dropout, "l2": 1e-6})
        assert compiled_epoch(Structure.of(changed, digits.spec, bfloat16=False)) is epoch
        train(changed, digits, epochs=1, patience=5, metric="val_accuracy", seed=0)
    assert epoch._train.experimental_get_tracing_count() == 1


def test_a_reused_graph_remembers_nothing(digits: PreparedData) -> None:
    """Bit-equal to a fresh one, whatever was trained in between."""
    values = {"depth": 2, "width": 32, "batch_norm": True, "dropout": 0.3, "augment": "shift"}
    one = Hyperparameters.from_values(values)

    def run(hyperparameters: Hyperparameters) -> list[np.ndarray]:
        return train(hyperparameters, digits, epochs=2, patience=5, metric="val_accuracy", seed=7).weights

    compiled_epoch.cache_clear()
    fresh = run(one)
    run(Hyperparameters.from_values({**values, "width": 200, "learning_rate": 0.1, "dropout": 0.6}))
    again = run(one)
    assert all(np.array_equal(a, b) for a, b in zip(fresh, again, strict=True))


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.9])
def test_dropout_zeroes_its_share_and_keeps_the_mean(rate: float) -> None:
    """Odd numbers of entries: half a word of random bits is left over."""
    key, counter = tf.constant([9], tf.uint64), tf.constant(64, tf.uint64)

    def masks(count: tf.Tensor) -> list[np.ndarray]:
        dropout = DropoutMasks([tf.constant(rate)], [tf.constant(401), tf.constant(30)], key)
        return [one.numpy() for one in dropout.draw(tf.constant(501), count)]

    first, second = masks(counter)
    assert (first.shape, second.shape) == ((501, 401), (501, 30))
    assert (first == 0).mean() == pytest.approx(rate, abs=0.005)
    assert np.unique(first).tolist() == pytest.approx([0, 1 / (1 - rate)])
    assert first.mean() == pytest.approx(1.0, abs=0.03 if rate == 0.9 else 0.01)
    other, _ = masks(counter + 1)
    assert np.corrcoef(first.ravel(), other.ravel())[0, 1] == pytest.approx(0, abs=0.01)
    assert np.corrcoef(first[:, :30].ravel(), second.ravel())[0, 1] == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("task", ["digits", "regression"])
def test_a_dropped_input_teaches_its_weights_nothing(request: pytest.FixtureRequest, task: str) -> None:
    """After one step on one row by plain descent, only weights of inputs that were kept have moved."""
    data: PreparedData = request.getfixturevalue(task)
    one = Hyperparameters(
        depth=1, width=400, activation="tanh", input_dropout=0.6, optimizer="sgd", momentum=0.0, batch_size=1
    )
    model = build_model(one, data.spec, seed=3)
    epoch = compiled_epoch(Structure.of(one, data.spec, bfloat16=False))
    before, moved = model.get_weights(), []
    x, y = data.training()
    for row in range(40):
        epoch.reset(one, before, data.spec, seed=row)
        order, rates = np.array([row], np.int32), np.array([0.1], np.float32)
        epoch.train(tf.constant(x.reshape(len(x), -1)), tf.constant(y), order, 1, rates)
        moved.append((epoch.get_weights()[0] != before[0]).any(axis=1))
    inputs = len(before[0])
    spread = 3 * (0.24 / (40 * inputs)) ** 0.5
    assert np.mean(moved) == pytest.approx(0.4, abs=spread)


def test_each_layer_can_have_a_dropout_rate_of_its_own() -> None:
    rates = [tf.constant(rate) for rate in (0.3, 0.3, 0.1, 0.0)]
    masks = DropoutMasks(rates, [tf.constant(401)] * 4, tf.constant([9], tf.uint64))
    drawn = [mask.numpy() for mask in masks.draw(tf.constant(501), tf.constant(64, tf.uint64))]
    assert [(mask == 0).mean() for mask in drawn] == pytest.approx([0.3, 0.3, 0.1, 0.0], abs=0.005)
    assert [mask.mean() for mask in drawn] == pytest.approx([1.0] * 4, abs=0.01)


def test_bfloat16_products_keep_float32_weights_and_stay_close(digits: PreparedData) -> None:
    one = Hyperparameters(depth=2, width=64, optimizer="sgd", learning_rate=0.005)
    weights = {}
    for bfloat16 in (False, True):
        result = train(one, digits, epochs=2, patience=5, metric="val_accuracy", seed=1, bfloat16=bfloat16)
        weights[bfloat16] = result.weights
        assert {weight.dtype for weight in result.weights} == {np.dtype(np.float32)}
    apart = max(np.abs(a - b).max() for a, b in zip(weights[False], weights[True], strict=True))
    assert 0 < apart < 0.02


def test_compiled_epochs_are_kept_in_a_bounded_number(digits: PreparedData) -> None:
    structure = Structure.of(Hyperparameters(), digits.spec, bfloat16=False)
    limit = compiled_epoch.cache_info().maxsize
    assert limit is not None
    compiled_epoch.cache_clear()
    for depth in range(1, limit + 5):
        compiled_epoch(dataclasses.replace(structure, depth=depth))
    assert compiled_epoch.cache_info().currsize == limit
    assert isinstance(compiled_epoch(structure), CompiledEpoch)
    compiled_epoch.cache_clear()


def test_a_bias_in_front_of_batch_normalization_keeps_its_effect(digits: PreparedData) -> None:
    """Keras subtracts it with the mean; weights that bring one along must predict the same."""
    one = Hyperparameters(depth=2, width=16, batch_norm=True)
    model = build_model(one, digits.spec, seed=1)
    random = np.random.default_rng(0)
    weights = [
        weight + random.uniform(0, 0.5, weight.shape).astype(np.float32) for weight in model.get_weights()
    ]
    model.set_weights(weights)
    model.compile(loss=build_loss(digits.spec, 0.0))
    x, y = digits.validation()
    epoch = compiled_epoch(Structure.of(one, digits.spec, bfloat16=False))
    epoch.reset(one, weights, digits.spec, seed=0)
    rows = tf.constant(x.reshape(len(x), -1))
    measured = epoch.evaluate(rows, tf.constant(y), rows[:0])
    expected = model.evaluate(x, y, batch_size=1024, verbose=0)
    assert epoch.measures.logs(measured, digits.spec)["loss"] == pytest.approx(expected, rel=1e-5)
