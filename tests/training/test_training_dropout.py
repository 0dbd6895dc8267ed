"""Dropout of units and of inputs: its share, its mean, and what a dropped input teaches."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from search.data import PreparedData
from search.training.graph.draws import Draw, Draws
from search.training.graph.dropout import DropoutMasks, Steps
from search.training.graph.epoch import compiled_epoch
from search.training.keras_form.model import build_model
from search.training.network.structure import Structure
from spaces import Hyperparameters

ROWS = tf.constant(501)


def steps_of(count: int) -> Steps:
    draws = Draws(tf.constant([9], tf.uint64), tf.constant(64, tf.uint64))
    return Steps(tf.constant(count), ROWS, draws)


def drawn(
    rates: list[float], widths: list[int], step: int = 0, draw: Draw = Draw.DROPOUT
) -> list[np.ndarray]:
    """The masks of one step."""
    masks = DropoutMasks([*map(tf.constant, rates)], [*map(tf.constant, widths)], steps_of(5), draw)
    return [mask.numpy() for mask in masks.of_step(tf.constant(step), ROWS)]


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.9])
def test_dropout_zeroes_its_share_and_keeps_the_mean(rate: float) -> None:
    """Odd numbers of entries: half a word of random bits is left over."""
    first, second = drawn([rate] * 2, [401, 30])
    assert (first.shape, second.shape) == ((501, 401), (501, 30))
    assert (first == 0).mean() == pytest.approx(rate, abs=0.005)
    assert np.unique(first).tolist() == pytest.approx([0, 1 / (1 - rate)])
    assert first.mean() == pytest.approx(1.0, abs=0.03 if rate == 0.9 else 0.01)
    for other, _ in (
        drawn([rate] * 2, [401, 30], draw=Draw.INPUT_DROPOUT),
        drawn([rate] * 2, [401, 30], step=1),
    ):
        assert np.corrcoef(first.ravel(), other.ravel())[0, 1] == pytest.approx(0, abs=0.01)
    assert np.corrcoef(first[:, :30].ravel(), second.ravel())[0, 1] == pytest.approx(0, abs=0.03)


def test_each_layer_can_have_a_dropout_rate_of_its_own() -> None:
    rates = [0.3, 0.3, 0.1, 0.0]
    masks = drawn(rates, [401] * 4)
    assert [(mask == 0).mean() for mask in masks] == pytest.approx(rates, abs=0.005)
    assert [mask.mean() for mask in masks] == pytest.approx([1.0] * 4, abs=0.01)


def test_the_last_batch_and_an_epoch_of_one_step_have_masks_too() -> None:
    """The one may be smaller, the other draws no entry beyond those of its step."""
    for steps, rows in ((5, 77), (1, 501)):
        masks = DropoutMasks([tf.constant(0.5)], [tf.constant(33)], steps_of(steps), Draw.DROPOUT)
        mask = masks.of_step(tf.constant(steps - 1), tf.constant(rows)).pop().numpy()
        assert mask.shape == (rows, 33)
        assert (mask == 0).mean() == pytest.approx(0.5, abs=0.03)


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
