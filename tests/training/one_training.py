"""One training, in a line of a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from search.data import PreparedData
from search.training.checkpoint import Checkpoint
from search.training.loop import TrainingResult, train
from search.training.stop_reason import StopReason
from spaces import Hyperparameters


def fit(
    data: PreparedData,
    *callbacks: keras.callbacks.Callback,
    metric: str | None = None,
    epochs: int = 2,
    patience: int = 50,
    seed: int = 0,
    check: Callable[[int, float], StopReason | None] = lambda epoch, value: None,
    begin: Checkpoint | None = None,
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
        begin=begin,
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
