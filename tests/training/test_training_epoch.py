"""A compiled epoch computes what `model.fit` computes on the same batches."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from search.data import DataRequest, PreparedData, prepare
from search.training.epoch import CompiledEpoch, compiled_epoch
from search.training.layers import DropoutMasks
from search.training.loop import train
from search.training.model import build_model
from search.training.objective import build_loss, build_metrics
from search.training.optimizers import build_optimizer, learning_rates
from search.training.structure import Structure
from spaces import Hyperparameters

BATCH = 50


def both(data: PreparedData, epochs: int = 1, **values: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """Logs and weights after `epochs` in the order of the rows: of `fit`, of the compiled epoch."""
    one = Hyperparameters.from_values({"depth": 2, "width": 24, "taper": 0.5, "batch_size": BATCH, **values})
    (x, y), (x_val, y_val) = data.training(), data.validation()
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


def assert_equal(theirs: dict[str, Any], ours: dict[str, Any], tolerance: float = 1e-5) -> None:
    assert theirs["logs"].keys() == ours["logs"].keys()
    scales = {name: max(1.0, abs(value)) for name, value in theirs["logs"].items()}
    apart = {name: abs(theirs["logs"][name] - ours["logs"][name]) / scales[name] for name in scales}
    assert max(apart.values()) < tolerance, apart
    for one, other in zip(theirs["weights"], ours["weights"], strict=True):
        assert np.abs(one - other).max() < tolerance


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop", "lion"])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_one_epoch_of_each_optimizer(digits: PreparedData, optimizer: str, batch_norm: bool) -> None:
    """The last batch is a partial one; moving statistics are among the weights.

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


@pytest.mark.parametrize(
    "activation", ["relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "tanh", "sigmoid", "softplus"]
)
def test_every_activation(regression: PreparedData, activation: str) -> None:
    assert_equal(*both(regression, activation=activation, optimizer="sgd", learning_rate=0.01))


@pytest.mark.parametrize("task", ["digits", "binary", "regression"])
@pytest.mark.parametrize("values", [{}, {"batch_norm": True}, {"label_smoothing": 0.1, "l2": 0.01}])
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
