"""Batch normalization: moving statistics without their initial values, and what a bias in front of it does."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.keras_fit import build_loss
from search.data import PreparedData
from search.training.graph.epoch import compiled_epoch
from search.training.graph.normalization import SETTLED, moving_rates
from search.training.keras_form.model import build_model
from search.training.loop import train
from search.training.measures import logs_of
from search.training.network.structure import Structure
from spaces import Hyperparameters

BATCH = 50


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
    assert logs_of(measured, digits.spec)["loss"] == pytest.approx(expected, rel=1e-5)
