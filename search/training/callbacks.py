"""The callback that ends a trial early and remembers why.

It sets `model.stop_training` and never raises: raising inside `on_epoch_end` would skip `on_train_end`,
which flushes writers and restores the best weights. The caller acts on the reason after training has closed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum

import keras

Logs = dict[str, float]


class StopReason(StrEnum):
    """Why a training ended."""

    EPOCHS = "all epochs run"
    EARLY = "no better metric for `patience` epochs"
    PRUNED = "pruned"
    NOT_FINITE = "loss not finite"
    INTERRUPTED = "interrupted"
    NO_METRIC = "metric missing"


EpochCheck = Callable[[int, Logs], StopReason | None]


class StopTraining(keras.callbacks.Callback):
    """After each epoch: is the metric there, is the loss finite, and does `check(epoch, logs)` object?

    Epochs count from 1. The first reason is kept in `reason`.
    """

    def __init__(self, metric: str, check: EpochCheck) -> None:
        super().__init__()
        self._metric = metric
        self._check = check
        self.reason: StopReason | None = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.reason = self._judge(epoch + 1, logs or {})
        if self.reason is not None:
            self.model.stop_training = True

    def _judge(self, epoch: int, logs: Logs) -> StopReason | None:
        if self._metric not in logs:
            return StopReason.NO_METRIC
        watched = (logs.get("loss", 0.0), logs.get("val_loss", 0.0), logs[self._metric])
        if not all(math.isfinite(value) for value in watched):
            return StopReason.NOT_FINITE
        return self._check(epoch, logs)
