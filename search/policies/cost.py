"""What a training will cost, by what earlier ones of its study took; and which draws a budget can afford."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

Array = np.ndarray[Any, Any]
Draw = TypeVar("Draw")

# Of a training, an epoch, a step and a weight that a row is multiplied by, on one core: the order of magnitude.
_GUESS = np.array([1.0, 2e-3, 4e-4, 1e-10])


@dataclass(frozen=True)
class Effort:
    """A training by what has to be computed: `steps` and `work` of one epoch are those of `training.network.effort`."""

    epochs: int
    steps: int
    work: float


@dataclass(frozen=True)
class Pace:
    """Seconds of a training, of each of its epochs, of each step, and of each weight that a row is multiplied by."""

    seconds: tuple[float, ...]

    @classmethod
    def of(cls, measured: Sequence[tuple[Effort, float]]) -> Pace:
        """From trainings and the seconds that they took; from few of them, mostly how fast the machine is.

        Least relative errors, beside a guess that is brought to the machine's speed and counts the less the more
        trainings there are: what they do not tell stays as it was guessed.
        """
        features = np.array([_features(effort) for effort, _ in measured]).reshape(-1, _GUESS.size)
        took = np.maximum([seconds for _, seconds in measured], 1e-6)
        guess = _GUESS * (np.median(took / (features @ _GUESS)) if measured else 1.0)
        weights = np.array([1.0] * len(measured) + [1 / max(1, len(measured)) ** 2] * _GUESS.size)
        known = np.vstack([features, np.eye(_GUESS.size)]), np.concatenate([took, guess])
        return cls(tuple(float(each) for each in least_relative_errors(*known, weights)))

    def of_training(self, effort: Effort) -> float:
        """Seconds."""
        return float(np.dot(self.seconds, _features(effort)))


def _features(effort: Effort) -> list[float]:
    return [1.0, effort.epochs, effort.epochs * effort.steps, effort.epochs * effort.work]


def least_relative_errors(features: Array, seconds: Array, weights: Array | float = 1.0) -> Array:
    """Seconds of each of `features`, shape (n, k), that come nearest to `seconds`, shape (n,), none negative.

    Least squares of relative errors times `weights`, shape (n,), by scipy's non-negative solver (Lawson & Hanson 1974,
    chapter 23).
    """
    from scipy.optimize import nnls

    wanted = np.ones(len(seconds)) * weights
    relative = features * (wanted / seconds)[:, None]
    scale = np.maximum(relative.max(axis=0), 1e-300)
    return np.asarray(nnls(relative / scale, wanted)[0] / scale)


def chance(cost: float, fair: float, left: float) -> float:
    """The probability with which a draw of this cost is tried; all are seconds.

    What costs up to its `fair` share is tried. Of what costs more, as much time is spent on draws of any cost: the
    sampler's density is divided by the cost. What would not end in the time that is `left` is not tried.
    """
    return 0.0 if cost > left else min(1.0, fair / max(cost, 1e-9))


def affordable(
    draws: Iterable[tuple[float, Draw]], fair: float, left: float, random: np.random.Generator
) -> Draw:
    """The first of `draws` that is tried, by its `chance`; where none is, the one that costs least.

    Args:
        draws: seconds that each costs, and what was drawn; at least one. None is drawn after the one that is tried.
    """
    too_dear = []
    for cost, draw in draws:
        if random.random() < chance(cost, fair, left):
            return draw
        too_dear.append((cost, draw))
    return min(too_dear, key=lambda one: one[0])[1]
