"""Schedules: that each learns with each optimizer, and the rate of each epoch."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_training import Rates, fit

from search.data import PreparedData
from search.training.callbacks import Plateau
from search.training.schedules import build_optimizer, learning_rates
from spaces import Hyperparameters
from spaces.optimizers import OPTIMIZERS


class TestOptimizersAndSchedules:
    @pytest.mark.parametrize("optimizer", OPTIMIZERS)
    @pytest.mark.parametrize("schedule", ["constant", "plateau", "cosine"])
    def test_every_pair_learns(self, regression: PreparedData, optimizer: str, schedule: str) -> None:
        rate = {"sgd": 0.02, "lion": 1e-3}.get(optimizer, 5e-3)
        result = fit(
            regression,
            optimizer=optimizer,
            schedule=schedule,
            learning_rate=rate,
            momentum=0.5,
            batch_size=16,
        )
        losses = result.history["loss"]
        assert all(map(math.isfinite, losses))
        assert losses[-1] < losses[0]

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ({"optimizer": "sgd", "momentum": 0.7, "nesterov": True}, {"momentum": 0.7, "nesterov": True}),
            ({"optimizer": "adamw", "weight_decay": 0.02}, {"weight_decay": 0.02}),
            ({"optimizer": "lion", "weight_decay": 0.02}, {"weight_decay": 0.02}),
            ({"optimizer": "adam", "weight_decay": 0.02}, {"weight_decay": None}),
        ],
    )
    def test_hyperparameters_reach_the_optimizer(
        self, values: dict[str, object], expected: dict[str, object]
    ) -> None:
        one = Hyperparameters.from_values({"learning_rate": 0.003, **values})
        optimizer = build_optimizer(one, total_steps=10)
        assert type(optimizer).__name__.lower() == values["optimizer"]
        assert float(optimizer.learning_rate) == pytest.approx(0.003)
        assert {name: getattr(optimizer, name) for name in expected} == expected

    def test_a_constant_rate_stays(self, regression: PreparedData) -> None:
        rates = Rates()
        fit(regression, rates, epochs=3, learning_rate=0.004)
        assert rates.by_epoch == pytest.approx([0.004] * 3)

    def test_a_cosine_falls_from_the_rate_to_nothing(self, regression: PreparedData) -> None:
        """Half a cosine over all steps of all epochs (Loshchilov & Hutter 2017, eq. 5)."""
        optimizer = build_optimizer(Hyperparameters(schedule="cosine", learning_rate=0.01), total_steps=40)
        expected = [0.005 * (1 + math.cos(math.pi * step / 40)) for step in range(40)]
        assert learning_rates(optimizer, 0, 40) == pytest.approx(expected, abs=1e-8)
        assert learning_rates(optimizer, 30, 10) == pytest.approx(expected[30:], abs=1e-8)
        rates = Rates()
        fit(regression, rates, epochs=4, schedule="cosine", learning_rate=0.01, batch_size=10)
        assert rates.by_epoch[1] == pytest.approx(0.005)
        assert rates.by_epoch[-1] == pytest.approx(0, abs=1e-8)

    @pytest.mark.parametrize(
        ("settings", "expected"),
        [
            ({}, [1e-4] * 3 + [5e-5] * 3 + [2.5e-5] * 2),
            ({"plateau_factor": 0.1, "plateau_patience": 5}, [1e-4] * 5 + [1e-5] * 3),
        ],
    )
    def test_a_plateau_cuts_the_rate(
        self, regression: PreparedData, settings: dict[str, float], expected: list[float]
    ) -> None:
        """Nothing improves from the second epoch on: three epochs later the rate is halved, and again."""
        rates = Rates()

        class Still(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
                self.model.set_weights([np.zeros_like(weight) for weight in self.model.get_weights()])

        # As wide a batch as the data, so that the one step from the same weights is the same each epoch;
        # plain SGD has no memory.
        fit(
            regression,
            Still(),
            rates,
            epochs=8,
            schedule="plateau",
            optimizer="sgd",
            momentum=0.0,
            learning_rate=1e-4,
            batch_size=1000,
            **settings,
        )
        # A callback that comes after the plateau's sees the lower rate in the same epoch.
        assert rates.by_epoch == pytest.approx(expected, rel=1e-3)


class TestPlateau:
    """Which epochs of a metric count as better than all before, the first apart."""

    @staticmethod
    def cuts(values: list[float], mode: str, patience: int = 2) -> list[float]:
        """The learning rate after each epoch, of one that is halved and begins at 1."""
        plateau = Plateau("metric", mode=mode, factor=0.5, patience=patience, min_lr=1e-6)
        optimizer = SimpleNamespace(learning_rate=1.0)
        plateau.set_model(SimpleNamespace(optimizer=optimizer))
        plateau.on_train_begin()
        rates = []
        for epoch, value in enumerate(values):
            plateau.on_epoch_end(epoch, {"metric": value})
            rates.append(optimizer.learning_rate)
        return rates

    @settings(max_examples=30)
    @given(
        st.lists(st.floats(0.01, 100.0), min_size=1, max_size=20),
        st.integers(-40, 40),
    )
    def test_it_does_not_depend_on_the_unit(self, values: list[float], power: int) -> None:
        scaled = [value * 2.0**power for value in values]
        assert self.cuts(scaled, "min") == self.cuts(values, "min")

    def test_an_error_that_falls_is_no_plateau_however_small(self) -> None:
        assert self.cuts([1e-9 * 0.9**epoch for epoch in range(20)], "min") == [1.0] * 20
        assert self.cuts([1 - 1e-5 * 0.9**epoch for epoch in range(20)], "max") == [1.0] * 20

    def test_a_thousandth_of_a_percent_is_no_improvement(self) -> None:
        assert self.cuts([5.0, 5.0 * 0.99995, 5.0 * 0.9999], "min") == [1.0, 1.0, 0.5]
        assert self.cuts([5.0, 5.0 * 0.99985, 5.0 * 0.9997], "min") == [1.0, 1.0, 1.0]
        assert self.cuts([0.5, 0.50003, 0.50004], "max") == [1.0, 1.0, 0.5]

    def test_a_value_below_nothing_explained_can_be_better(self) -> None:
        """`r2` may be far below 0, and has no least value."""
        assert self.cuts([-900.0, -800.0, -700.0, -0.5, 0.0], "max") == [1.0] * 5
