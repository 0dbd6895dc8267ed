"""One training: how it ends, whose weights it leaves, and its batches."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import pytest
from one_training import Rates, fit

from benchmarks.keras_fit import build_loss, build_metrics
from search.data import PreparedData
from search.errors import StudyStopped
from search.settings.metrics import Direction, is_better
from search.training.stop_reason import StopReason


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
            StudyStopped, match="metric 'val_rmse' is not measured; expected one of accuracy, cross"
        ):
            fit(digits, ends, metric="val_rmse")
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
        monkeypatch.setattr(
            "search.training.compiled_learner.logs_of", lambda *_, **__: {"loss": 1.0, "accuracy": 0.1}
        )
        result = fit(digits, optimizer="sgd", learning_rate=1e38, epochs=5)
        assert (result.stop_reason, result.epochs, result.best_epoch) == (StopReason.NOT_FINITE, 1, 0)
        assert all(np.isfinite(weight).all() for weight in result.weights)

    def test_an_epoch_whose_loss_is_not_finite_is_not_the_best(
        self, digits: PreparedData, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "search.training.compiled_learner.logs_of", lambda *_, **__: {"loss": math.inf, "accuracy": 0.9}
        )
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
