"""The callbacks that end a trial early and remember why, and that cut the learning rate at a plateau.

`StopTraining` sets `model.stop_training` and never raises: raising inside `on_epoch_end` would skip `on_train_end`,
which flushes writers and restores the best weights. The caller acts on the reason after training has closed.

What Keras's callbacks have seen so far is read from them, and set, by the names in `_STATE`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import keras
import numpy as np

from search.training.stop_reason import StopReason

Logs = dict[str, float]
State = dict[str, float | None]


_OBJECTIONS = (StopReason.PRUNED, StopReason.INTERRUPTED, StopReason.TIMEOUT)

LEAST_IMPROVEMENT = 1e-4
"""Share of the error that an epoch has to take away for `Plateau` to see it."""

EpochCheck = Callable[[int, Logs], StopReason | None]


class StopTraining(keras.callbacks.Callback):
    """After each epoch: is the metric there, is all of it finite, and does `check(epoch, logs)` object?

    Epochs count from 1. The first reason is kept in `reason`. It has to be the last of all callbacks: what `check`
    objects to at an epoch that ends the training anyway, as the last one or by patience, takes nothing from it.
    """

    def __init__(self, metric: str, check: EpochCheck, finite: Callable[[Logs], bool]) -> None:
        """
        Args:
            finite: whether weights and logs of the epoch that has ended are numbers.
        """
        super().__init__()
        self._metric = metric
        self._check = check
        self._finite = finite
        self.reason: StopReason | None = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        over = self.model.stop_training or epoch + 1 == self.params["epochs"]
        reason = self._judge(epoch + 1, logs or {})
        self.reason = None if over and reason in _OBJECTIONS else reason
        if self.reason is not None:
            self.model.stop_training = True

    def _judge(self, epoch: int, logs: Logs) -> StopReason | None:
        if self._metric not in logs:
            return StopReason.NO_METRIC
        if not self._finite(logs):
            return StopReason.NOT_FINITE
        return self._check(epoch, logs)


class Patience(keras.callbacks.EarlyStopping):
    """Keras's, which compares two numbers by tensors of float32; these are compared as such numbers."""

    def _is_improvement(self, monitor_value: float, reference_value: float | None) -> bool:
        if reference_value is None:
            return True
        value, reference = np.float32(monitor_value - self.min_delta), np.float32(reference_value)
        return bool(value > reference if self.mode == "max" else value < reference)


class Plateau(keras.callbacks.ReduceLROnPlateau):
    """Keras's, whose least improvement is a share of what can still be improved, in place of a number.

    What can be improved is the metric itself where less is better, and its distance from 1 where more is. So errors
    in millions and in millionths, and accuracies near 1, are cut at the same epochs.
    """

    def _is_improvement(self, monitor_value: float, reference_value: float | None) -> bool:
        if reference_value is None or not math.isfinite(reference_value):
            return math.isfinite(monitor_value)
        left, before = monitor_value, reference_value
        if self.mode == "max":
            left, before = 1 - left, 1 - before
        return left < before * (1 - LEAST_IMPROVEMENT)


# As Keras 3.15 has them; what else these keep is set by their arguments, or only for `restore_best_weights`.
_STATE: dict[type[keras.callbacks.Callback], tuple[str, ...]] = {
    Patience: ("best", "wait"),
    Plateau: ("best", "wait", "cooldown_counter"),
}


def states_of(callbacks: Sequence[keras.callbacks.Callback]) -> list[State]:
    """What those of `callbacks` have seen that remember anything of epochs, in their order."""
    return [
        {name: getattr(one, name) for name in _STATE[type(one)]} for one in callbacks if type(one) in _STATE
    ]


def give_states(callbacks: Sequence[keras.callbacks.Callback], states: Sequence[State]) -> None:
    """`states` to the same callbacks of another training, which has begun."""
    remembering = [one for one in callbacks if type(one) in _STATE]
    for one, state in zip(remembering, states, strict=True):
        for name in _STATE[type(one)]:
            setattr(one, name, state[name])
