"""The learning rate of each step: schedules, and Keras's optimizer, in which callbacks read and set it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from search.training.callbacks import Plateau
from search.training.network.optimizers import OPTIMIZERS
from spaces import Hyperparameters
from spaces.optimizers import OPTIMIZERS as HYPERPARAMETERS_OF

Array = np.ndarray[Any, Any]

PLATEAU_MINIMUM = 1e-6


def build_optimizer(hyperparameters: Hyperparameters, *, total_steps: int) -> keras.optimizers.Optimizer:
    """Keras's optimizer with the schedule's learning rate. A training asks it for the rate alone: it makes no step.

    Args:
        total_steps: updates of the whole training; a cosine falls to zero over them
            (Loshchilov & Hutter 2017, eq. 5, one period).
    """
    rate = _scheduled(hyperparameters, total_steps)
    name = hyperparameters.optimizer
    taken = {taken: getattr(hyperparameters, taken) for taken in HYPERPARAMETERS_OF[name]}
    optimizer: keras.optimizers.Optimizer = getattr(keras.optimizers, OPTIMIZERS[name].keras)(rate, **taken)
    return optimizer


class Rate:
    """The learning rate as Keras's optimizer has it, float32, where nobody but our callbacks asks for it.

    Making that optimizer and reading its variables takes time that tells in a trial of small data.

    Args:
        total_steps: as of `build_optimizer`.
    """

    def __init__(self, hyperparameters: Hyperparameters, *, total_steps: int) -> None:
        self._learning_rate: Any = None
        rate = _scheduled(hyperparameters, total_steps)
        if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
            self._learning_rate = rate
        else:
            self.learning_rate = rate

    @property
    def learning_rate(self) -> Any:
        """A float, or a schedule."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self._learning_rate = float(np.float32(rate))


def _scheduled(hyperparameters: Hyperparameters, total_steps: int) -> Any:
    """The rate, or its schedule."""
    if hyperparameters.schedule == "cosine":
        return keras.optimizers.schedules.CosineDecay(hyperparameters.learning_rate, decay_steps=total_steps)
    return hyperparameters.learning_rate


def schedule_callbacks(
    hyperparameters: Hyperparameters, *, monitor: str, mode: str
) -> list[keras.callbacks.Callback]:
    """What the schedule needs at each epoch's end: `Plateau` for `plateau`, else nothing."""
    if hyperparameters.schedule != "plateau":
        return []
    return [
        Plateau(
            monitor,
            mode=mode,
            factor=hyperparameters.plateau_factor,
            patience=hyperparameters.plateau_patience,
            min_lr=PLATEAU_MINIMUM,
        )
    ]


def is_scheduled(optimizer: keras.optimizers.Optimizer | Rate) -> bool:
    """Whether the rate is told by the step alone, and no callback can set it."""
    return isinstance(optimizer._learning_rate, keras.optimizers.schedules.LearningRateSchedule)


def learning_rates(optimizer: keras.optimizers.Optimizer | Rate, first: int, steps: int) -> Array:
    """The rate of each of `steps` updates from update `first` (counted from 0), float32 (steps,).

    A callback may have set another constant rate; a schedule is asked for each step.
    """
    if is_scheduled(optimizer):
        at = np.arange(first, first + steps, dtype=np.float32)
        return np.asarray(optimizer._learning_rate(at), np.float32)
    return np.full(steps, float(optimizer.learning_rate), np.float32)
