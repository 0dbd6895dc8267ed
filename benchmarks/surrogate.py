"""Learning curves of configurations that nobody trained, predicted from those that were.

A study over a whole preset proposes what no grid holds. So extremely randomised trees (Geurts et al. 2006) learn the
curve of a configuration from the grid of benchmarks/recorded.py and the draws of benchmarks/draws.py, which share
their rows; samplers and pruners are then compared on what the trees say (Eggensperger et al. 2015, "Efficient
benchmarking of hyperparameter optimizers via surrogates"). `rank_correlation` tells how far they can be trusted.
"""

from __future__ import annotations

import math
from functools import cached_property, lru_cache
from typing import Any, get_args

import numpy as np

from benchmarks.draws import drawn, load
from benchmarks.recorded import EPOCHS, configurations, recorded
from spaces import Hyperparameters, Space, load_space
from spaces.hyperparameters import Activation, Initializer, Optimizer, Schedule

Array = np.ndarray[Any, Any]

CHANCE = 0.1
"""Accuracy of a network that learned nothing, of ten classes: where a diverged curve goes on."""
_CHOICES = {
    "activation": get_args(Activation),
    "initializer": get_args(Initializer),
    "optimizer": get_args(Optimizer),
    "schedule": get_args(Schedule),
}


class Surrogate:
    """Predicts curves over the space of the preset `mlp` without augmentation."""

    def __init__(self, name: str) -> None:
        draws = load(name)
        known = [*configurations(), *(draw.hyperparameters for draw in draws)]
        self._rows = np.array([_features(one) for one in known])
        curves = (*recorded(name), *(draw.curve for draw in draws))
        self._curves = np.array([_whole(curve) for curve in curves])
        self._predicted: dict[Hyperparameters, list[float]] = {}

    @cached_property
    def space(self) -> Space:
        return load_space("mlp").restricted_to("multiclass", "table")[0]

    @cached_property
    def ceiling(self) -> float:
        """The best that the trees predict of 5,000 random configurations."""
        rows = np.array([_features(one) for one in drawn(self.space, 5_000)])
        return float(self._trees.predict(rows).max())

    def curve(self, hyperparameters: Hyperparameters) -> list[float]:
        if hyperparameters not in self._predicted:
            row = np.array([_features(hyperparameters)])
            self._predicted[hyperparameters] = self._trees.predict(row)[0].tolist()
        return self._predicted[hyperparameters]

    def rank_correlation(self) -> float:
        """Spearman's, between the best values of the draws and what trees say that have not seen them; ten folds."""
        from scipy.stats import spearmanr

        rows, first = self._rows, len(configurations())
        order = np.random.default_rng(0).permutation(np.arange(first, len(rows)))
        told = np.empty(len(rows))
        for fold in np.array_split(order, 10):
            others = np.setdiff1d(np.arange(len(rows)), fold)
            told[fold] = _fitted(rows[others], self._curves[others]).predict(rows[fold]).max(axis=1)
        return float(spearmanr(told[order], self._curves[order].max(axis=1)).statistic)

    @cached_property
    def _trees(self) -> Any:
        return _fitted(self._rows, self._curves)


@lru_cache
def surrogate(name: str) -> Surrogate:
    return Surrogate(name)


def _fitted(rows: Array, curves: Array) -> Any:
    from sklearn.ensemble import ExtraTreesRegressor

    return ExtraTreesRegressor(100, min_samples_leaf=2, random_state=0).fit(rows, curves)


def _whole(curve: list[float]) -> list[float]:
    """All epochs: a training that diverged is at chance from then on."""
    finite = [value if value > 0 else CHANCE for value in curve]
    return finite + [CHANCE] * (EPOCHS - len(finite))


def _features(one: Hyperparameters) -> list[float]:
    """Numbers on the scales of the space, choices as ones and zeros; what has no meaning for the optimizer is 0."""
    decayed = one.weight_decay if one.optimizer in ("adamw", "lion") else 0.0
    numbers = [
        one.depth,
        math.log2(one.width),
        one.taper if one.depth > 1 else 1.0,
        one.batch_norm,
        one.dropout,
        math.log10(one.l2 + 1e-8),
        math.log10(decayed + 1e-5),
        math.log10(one.learning_rate),
        one.momentum if one.optimizer == "sgd" else 0.0,
        one.optimizer == "sgd" and one.nesterov,
        math.log2(one.batch_size),
        one.label_smoothing,
    ]
    chosen = [getattr(one, name) == choice for name, choices in _CHOICES.items() for choice in choices]
    return [float(value) for value in (*numbers, *chosen)]
