"""Keras's callbacks under the compiled epoch behave as under `fit`."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from benchmarks.keras_fit import build_loss, build_metrics
from search.analysis.tensorboard.weight_histograms import WeightHistograms
from search.data import PreparedData
from search.training.keras_form.model import build_model
from search.training.loop import train
from search.training.schedules import build_optimizer
from search.training.stop_reason import StopReason
from spaces import Hyperparameters

ONE = Hyperparameters(depth=1, width=16, batch_size=64)


class Recorder(keras.callbacks.Callback):
    """Every hook that is called, with its argument and the names of its logs."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, ...]] = []

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("on_") and not name.startswith("on_predict"):
            calls = super().__getattribute__("calls")

            def record(*arguments: Any, logs: Any = None, **rest: Any) -> None:
                given = [one for one in (*arguments, logs) if isinstance(one, dict)]
                numbers = [one for one in arguments if not isinstance(one, dict) and one is not None]
                calls.append((name, *numbers, *(sorted(one) for one in given)))

            return record
        return super().__getattribute__(name)


def under_fit(data: PreparedData, *callbacks: keras.callbacks.Callback, epochs: int) -> None:
    (x, y), validation = data.training(), data.validation()
    steps = -(-len(x) // ONE.batch_size)
    model = build_model(ONE, data.spec)
    model.compile(
        build_optimizer(ONE, total_steps=epochs * steps),
        build_loss(data.spec, 0.0),
        metrics=build_metrics(data.spec),
        steps_per_execution=steps,
    )
    model.fit(
        x,
        y,
        batch_size=ONE.batch_size,
        epochs=epochs,
        validation_data=validation,
        validation_batch_size=1024,
        callbacks=list(callbacks),
        verbose=0,
    )


def under_train(data: PreparedData, *callbacks: keras.callbacks.Callback, epochs: int) -> Any:
    return train(ONE, data, epochs=epochs, patience=50, metric="val_accuracy", seed=0, callbacks=callbacks)


def test_the_hooks_are_those_of_fit_in_the_same_order_with_the_same_logs(digits: PreparedData) -> None:
    theirs, ours = Recorder(), Recorder()
    under_fit(digits, theirs, epochs=2)
    under_train(digits, ours, epochs=2)
    # `fit` numbers the last batch of validation by the steps of training: that number alone is left out.
    for calls in (theirs.calls, ours.calls):
        calls[:] = [(call[0], *call[2:]) if call[0] == "on_test_batch_end" else call for call in calls]
    assert ours.calls == theirs.calls
    assert ours.calls[-1][0] == "on_train_end"


def test_csv_logger_and_checkpoint_write_what_was_measured(digits: PreparedData, tmp_path: Path) -> None:
    checkpoint = keras.callbacks.ModelCheckpoint(
        str(tmp_path / "best.keras"), monitor="val_accuracy", mode="max", save_best_only=True
    )
    result = under_train(digits, keras.callbacks.CSVLogger(str(tmp_path / "log.csv")), checkpoint, epochs=4)
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    logged = [float(row["val_accuracy"]) for row in rows]
    assert logged == pytest.approx(result.history["val_accuracy"])
    saved = keras.saving.load_model(tmp_path / "best.keras")
    x, _ = digits.validation()
    assert np.allclose(saved.predict(x, verbose=0), result.model.predict(x, verbose=0), atol=1e-6)


def test_tensorboard_gets_scalars_of_each_epoch(digits: PreparedData, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    result = under_train(digits, keras.callbacks.TensorBoard(str(tmp_path)), epochs=2)
    files = list(tmp_path.glob("validation/events*"))
    assert files
    values = {}
    for record in tf.data.TFRecordDataset(str(files[0])):
        event = tf.compat.v1.Event.FromString(record.numpy())
        for value in event.summary.value:
            if value.tag == "epoch_accuracy":
                values[event.step] = float(tf.make_ndarray(value.tensor))
    assert [values[0], values[1]] == pytest.approx(result.history["val_accuracy"])


def test_weights_that_are_no_numbers_any_more_have_histograms_too(
    digits: PreparedData, tmp_path: Path
) -> None:
    pytest.importorskip("tensorboard")
    diverging = Hyperparameters(depth=1, width=16, optimizer="sgd", learning_rate=1e30, batch_size=64)
    callbacks = [WeightHistograms(str(tmp_path))]
    result = train(
        diverging, digits, epochs=2, patience=9, metric="val_accuracy", seed=0, callbacks=callbacks
    )
    assert result.stop_reason is StopReason.NOT_FINITE
    assert list(tmp_path.glob("train/events*"))


def test_early_stopping_and_plateau_of_a_user_work(digits: PreparedData) -> None:
    class Rate(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.rates: list[float] = []

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.rates.append(float(self.model.optimizer.learning_rate))

    never = {"monitor": "loss", "mode": "min", "min_delta": 1e9}  # nothing is ever better by so much
    plateau = keras.callbacks.ReduceLROnPlateau(factor=0.1, patience=1, min_lr=1e-9, **never)
    rate = Rate()
    result = under_train(digits, plateau, keras.callbacks.EarlyStopping(patience=3, **never), rate, epochs=20)
    assert result.epochs == 4
    assert rate.rates == pytest.approx([1e-3, 1e-4, 1e-5, 1e-6])
    # The reduced rates were those trained with: the weights hardly move any more.
    changes = np.abs(np.diff(result.history["loss"]))
    assert changes[2] < changes[0] / 10


def test_a_callback_that_sets_weights_is_obeyed(digits: PreparedData) -> None:
    class Zero(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.optimizer.learning_rate = 0.0
            self.model.set_weights([np.zeros_like(weight) for weight in self.model.get_weights()])

    history = under_train(digits, Zero(), epochs=2).history
    assert history["crossentropy"][1] == pytest.approx(np.log(10), rel=1e-5)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_history_is_the_same_whether_a_callback_looks_or_not(digits: PreparedData, batch_norm: bool) -> None:
    """Weights go to the model and back after each epoch, moving statistics among them."""
    one = ONE.model_copy(update={"batch_norm": batch_norm})
    watched, alone = (
        train(one, digits, epochs=3, patience=50, metric="val_accuracy", seed=0, callbacks=callbacks)
        for callbacks in ([keras.callbacks.Callback()], [])
    )
    assert watched.history == alone.history
    assert all(np.array_equal(a, b) for a, b in zip(watched.weights, alone.weights, strict=True))
