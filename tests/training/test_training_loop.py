"""One training: optimizers and schedules, how it ends, whose weights it leaves, and that a seed repeats it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.data import PreparedData
from search.errors import StudyStopped
from search.metrics import Direction, is_better
from search.training.callbacks import Plateau, StopReason
from search.training.loop import TrainingResult, train
from search.training.measures import Measures
from search.training.objective import build_loss, build_metrics
from search.training.optimizers import build_optimizer, learning_rates
from spaces import Hyperparameters


def fit(
    data: PreparedData,
    *callbacks: keras.callbacks.Callback,
    metric: str | None = None,
    epochs: int = 2,
    patience: int = 50,
    seed: int = 0,
    check: Callable[[int, float], StopReason | None] = lambda epoch, value: None,
    **values: object,
) -> TrainingResult:
    return train(
        Hyperparameters.from_values({"depth": 1, "width": 16, **values}),
        data,
        epochs=epochs,
        patience=patience,
        metric=metric or ("val_mae" if data.spec.task == "regression" else "val_accuracy"),
        seed=seed,
        check=check,
        callbacks=callbacks,
    )


class Rates(keras.callbacks.Callback):
    """Learning rate and updates made, at each epoch's end."""

    def __init__(self) -> None:
        super().__init__()
        self.by_epoch: list[float] = []
        self.steps: list[int] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.by_epoch.append(float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)))
        self.steps.append(int(self.model.optimizer.iterations))


class Ends(keras.callbacks.Callback):
    """Whether training was closed, as writers of files need it."""

    closed = False

    def on_train_end(self, logs: Any = None) -> None:
        self.closed = True


class Spoil(keras.callbacks.Callback):
    """Every weight becomes `value` when `epoch` (from 1) begins, and stays so."""

    def __init__(self, epoch: int, value: float = 0.0) -> None:
        super().__init__()
        self._epoch, self._value = epoch, value

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch + 1 >= self._epoch:
            self.model.optimizer.learning_rate = 0.0
            self.model.set_weights([np.full_like(weight, self._value) for weight in self.model.get_weights()])


class TestOptimizersAndSchedules:
    @pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop", "lion"])
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


class TestEnds:
    def test_all_epochs(self, digits: PreparedData) -> None:
        ends = Ends()
        result = fit(digits, ends, epochs=3)
        assert (result.stop_reason, result.epochs, ends.closed) == (StopReason.EPOCHS, 3, True)
        assert {len(values) for values in result.history.values()} == {3}
        assert result.parameters == 64 * 16 + 16 + 16 * 10 + 10
        assert result.seconds > 0

    def test_patience(self, digits: PreparedData) -> None:
        ends = Ends()
        result = fit(digits, Spoil(3), ends, epochs=10, patience=2)
        assert result.stop_reason is StopReason.EARLY
        assert result.epochs == result.best_epoch + 2
        assert ends.closed

    @pytest.mark.parametrize("reason", [StopReason.PRUNED, StopReason.INTERRUPTED])
    def test_the_check_is_asked_each_epoch_and_obeyed(self, digits: PreparedData, reason: StopReason) -> None:
        ends, asked = Ends(), []

        def check(epoch: int, logs: dict[str, float]) -> StopReason | None:
            asked.append((epoch, logs["val_accuracy"]))
            return reason if epoch == 2 else None

        result = fit(digits, ends, epochs=5, check=check)
        assert (result.stop_reason, result.epochs, ends.closed) == (reason, 2, True)
        assert asked == [
            (epoch, value) for epoch, value in enumerate(result.history["val_accuracy"], start=1)
        ]

    def test_a_loss_that_is_not_finite(self, regression: PreparedData) -> None:
        ends, asked = Ends(), []
        result = fit(
            regression,
            ends,
            epochs=9,
            optimizer="sgd",
            learning_rate=1e6,
            check=lambda epoch, logs: asked.append(epoch),
        )
        assert (result.stop_reason, ends.closed) == (StopReason.NOT_FINITE, True)
        assert asked == list(range(1, result.epochs))  # a value that is no number is not reported
        assert not math.isfinite(result.history["val_loss"][-1])

    def test_a_loss_that_becomes_nan_leaves_the_best_weights(self, digits: PreparedData) -> None:
        result = fit(digits, Spoil(3, math.nan), epochs=9)
        assert (result.stop_reason, result.epochs) == (StopReason.NOT_FINITE, 3)
        assert result.best_epoch in (1, 2)
        assert all(np.isfinite(weight).all() for weight in result.model.get_weights())

    @pytest.mark.parametrize("reason", [StopReason.PRUNED, StopReason.INTERRUPTED])
    def test_an_objection_at_the_end_takes_nothing_from_a_finished_training(
        self, digits: PreparedData, reason: StopReason
    ) -> None:
        """A signal, or a rung, at the very epoch that is the last one, or that patience ends."""
        result = fit(digits, epochs=2, check=lambda epoch, logs: reason if epoch == 2 else None)
        assert (result.stop_reason, result.epochs) == (StopReason.EPOCHS, 2)
        still: dict[str, Any] = {"optimizer": "sgd", "learning_rate": 1e-30, "epochs": 9, "patience": 2}
        result = fit(digits, check=lambda epoch, logs: reason if epoch == 3 else None, **still)
        assert (result.stop_reason, result.epochs) == (StopReason.EARLY, 3)
        result = fit(digits, check=lambda epoch, logs: reason if epoch == 2 else None, **still)
        assert (result.stop_reason, result.epochs) == (reason, 2)

    @pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
    def test_a_training_that_fails_is_closed_too(
        self, digits: PreparedData, error: type[BaseException]
    ) -> None:
        class Fails(keras.callbacks.Callback):
            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                raise error("the disk is full")

            def on_train_end(self, logs: Any = None) -> None:
                raise RuntimeError("this hides nothing")

        ends = Ends()
        with pytest.raises(error, match="the disk is full"):
            fit(digits, Fails(), ends)
        assert ends.closed

    def test_a_metric_that_is_not_measured_stops_the_study(self, digits: PreparedData) -> None:
        ends = Ends()
        with pytest.raises(
            StudyStopped, match="metric 'val_f1' is not measured; expected one of accuracy, cross"
        ):
            fit(digits, ends, metric="val_f1")
        assert ends.closed


class TestBestEpoch:
    @pytest.mark.parametrize(
        ("ending", "spoilt_from"),
        [
            (StopReason.EPOCHS, 99),
            (StopReason.EPOCHS, 3),
            (StopReason.EARLY, 3),
            (StopReason.PRUNED, 3),
            (StopReason.INTERRUPTED, 3),
        ],
    )
    def test_the_model_has_the_weights_of_the_best_epoch(
        self, digits: PreparedData, ending: StopReason, spoilt_from: int
    ) -> None:
        """Shown by measuring it again: exactly what was logged at that epoch, moving averages included."""
        objections = (StopReason.PRUNED, StopReason.INTERRUPTED)
        result = fit(
            digits,
            Spoil(spoilt_from),
            epochs=4 if ending is StopReason.EPOCHS else 8,
            patience=2 if ending is StopReason.EARLY else 50,
            check=lambda epoch, logs: ending if epoch == 4 and ending in objections else None,
            batch_norm=True,
            dropout=0.2,
            l2=1e-3,
        )
        assert result.stop_reason is ending
        if spoilt_from == 3:
            assert result.best_epoch in (1, 2)
        x, y = digits.validation()
        result.model.compile(loss=build_loss(digits.spec, 0.0), metrics=build_metrics(digits.spec))
        measured = result.model.evaluate(x, y, batch_size=1024, return_dict=True, verbose=0)
        logged = {name: result.history[f"val_{name}"][result.best_epoch - 1] for name in measured}
        assert measured == pytest.approx(logged, rel=1e-5)

    @pytest.mark.parametrize(
        ("values", "direction", "best"),
        [
            ([0.1, 0.3, 0.3, 0.2], "maximize", 2),
            ([0.1, 0.3, 0.3, 0.2], "minimize", 1),
            ([math.nan, 0.5, math.nan], "maximize", 2),
            ([math.nan, 0.5, 0.4], "minimize", 3),
            ([math.nan], "maximize", 0),
            ([math.inf, math.nan], "minimize", 0),
            ([0.5, math.inf], "maximize", 1),
            ([0.5, -math.inf], "minimize", 1),
        ],
    )
    def test_it_is_the_first_of_the_best_finite_values(
        self, values: list[float], direction: Direction, best: int
    ) -> None:
        chosen, best_value = 0, None
        for epoch, value in enumerate(values, start=1):
            if is_better(value, best_value, direction):
                chosen, best_value = epoch, value
        assert chosen == best

    def test_an_epoch_whose_weights_are_no_numbers_is_not_the_best(
        self, digits: PreparedData, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whatever its metric looks like: of logits that are no numbers, argmax makes a class."""
        monkeypatch.setattr(Measures, "logs", lambda *_: {"loss": 1.0, "accuracy": 0.1})
        result = fit(digits, optimizer="sgd", learning_rate=1e38, epochs=5)
        assert (result.stop_reason, result.epochs, result.best_epoch) == (StopReason.NOT_FINITE, 1, 0)
        assert all(np.isfinite(weight).all() for weight in result.weights)

    def test_an_epoch_whose_loss_is_not_finite_is_not_the_best(
        self, digits: PreparedData, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Measures, "logs", lambda *_: {"loss": math.inf, "accuracy": 0.9})
        result = fit(digits)
        assert (result.stop_reason, result.epochs, result.best_epoch) == (StopReason.NOT_FINITE, 1, 0)


class TestBatches:
    def test_a_batch_may_be_larger_than_the_data(self, regression: PreparedData) -> None:
        rates = Rates()
        result = fit(regression, rates, batch_size=65_536)
        assert rates.steps == [1, 2]
        assert result.stop_reason is StopReason.EPOCHS

    def test_the_last_partial_batch_is_trained_on(self, regression: PreparedData) -> None:
        rates = Rates()
        rows = regression.spec.rows.train
        fit(regression, rates, epochs=1, batch_size=rows - 1)
        assert rates.steps == [2]

    def test_one_row_a_step_works(self, regression: PreparedData) -> None:
        assert fit(regression, epochs=1, batch_size=1, batch_norm=True).epochs == 1


_REPEAT = """
import json, sys
from pathlib import Path
from search.data import load_prepared
from search.training.loop import train
from spaces import Hyperparameters
one = Hyperparameters.model_validate_json(sys.argv[2])
data, seed = load_prepared(Path(sys.argv[1])), int(sys.argv[3])
result = train(one, data, epochs=2, patience=9, metric="val_accuracy", seed=seed)
print(json.dumps(result.history))
"""


def test_a_seed_repeats_a_training_in_any_process(digits: PreparedData) -> None:
    """Weights, order of rows, dropout and augmentation alike: histories are equal to the last bit."""
    one = Hyperparameters(width=32, batch_norm=True, dropout=0.3, augment="shift", label_smoothing=0.1)
    values = one.model_dump()
    first, again = (fit(digits, seed=11, **values).history for _ in range(2))
    assert first == again
    assert fit(digits, seed=12, **values).history != first

    command = [sys.executable, "-c", _REPEAT, str(digits.folder), one.model_dump_json(), "11"]
    elsewhere = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    assert json.loads(elsewhere.stdout) == first
