"""Callbacks of a user's own, by names that tests give: `tracking:Tracker`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras


class Tracker(keras.callbacks.Callback):
    """A line for each hook, in a file for each training."""

    def __init__(self, trial: Any) -> None:
        super().__init__()
        self._file = Path(f"{trial.study}-{trial.number}.log")
        self._say(
            f"made for width {trial.hyperparameters.get('width')}, fold {trial.fold}, seed {trial.seed}"
        )

    def on_train_begin(self, logs: Any = None) -> None:
        self._say(f"begins: {self.params['epochs']} epochs, {len(self.model.layers)} layers")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._say(f"epoch {epoch}: {logs['val_crossentropy']!r}")

    def on_train_end(self, logs: Any = None) -> None:
        self._say("ends")

    def _say(self, line: str) -> None:
        with self._file.open("a") as file:
            file.write(f"{line}\n")


class StopsAtOnce(keras.callbacks.Callback):
    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.model.stop_training = True


class Halves(keras.callbacks.Callback):
    """Halves the learning rate after each epoch: trainings with it come to something else."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.model.optimizer.learning_rate = float(self.model.optimizer.learning_rate) / 2


class Batches(keras.callbacks.Callback):
    """Counts batches, and ends the training in the middle of its second epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []
        self.losses: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.batches.append(batch)
        self.losses.append(logs["loss"])
        if len(self.batches) == 15:
            self.model.stop_training = True


class TestBatches(keras.callbacks.Callback):
    def on_test_batch_end(self, batch: int, logs: Any = None) -> None: ...


class Fails(keras.callbacks.Callback):
    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        raise OSError("the tracking server is away")


counted = Batches()


def early() -> keras.callbacks.Callback:
    return keras.callbacks.EarlyStopping("val_loss", patience=1, min_delta=1e9)


def none() -> None:
    """Forgot to return it."""


def cannot(trial: Any) -> keras.callbacks.Callback:
    raise RuntimeError("no key")


def heard(trial: Any) -> keras.callbacks.Callback:
    return keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
