"""What a training on a table would show, of configurations that nobody trained, by those of `benchmarks.tables_draws`.

Trees learn the curves of the random draws of one table (Geurts et al. 2006; Eggensperger et al. 2015, "Efficient
benchmarking of hyperparameter optimizers via surrogates"); known configurations have the curve that was recorded.
`rank_correlation` tells how far the trees can be trusted. Errors are logarithms, relative to the least of the table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

import numpy as np

from benchmarks.tables_draws import EPOCHS, Draw, broad_space
from spaces import Hyperparameters, Space
from spaces.hyperparameters import Activation, Embedding

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Training:
    """`best`: log of the least error so far, after each of its epochs, over the least of the table."""

    best: list[float]
    seconds: float

    @property
    def epochs(self) -> int:
        return len(self.best)


class Surrogate:
    """Of one table: `draws` are its own, at least two of them random."""

    def __init__(self, draws: list[Draw]) -> None:
        self.table = draws[0].table
        self._floor = min(min(draw.curve) for draw in draws)
        self.drawn = [draw for draw in draws if not draw.known]
        self.trained = [self._training(draw) for draw in self.drawn]
        self._told = {_key(draw.hyperparameters): self._training(draw) for draw in draws if draw.known}

    @cached_property
    def space(self) -> Space:
        regression = all(draw.hyperparameters.label_smoothing == 0 for draw in self.drawn)
        return broad_space().restricted_to("regression" if regression else "multiclass", "table")[0]

    @property
    def typical_seconds(self) -> float:
        """Mean of the random draws."""
        return float(np.mean([training.seconds for training in self.trained]))

    @property
    def without_search(self) -> float:
        """What the middle one of the random draws reaches."""
        return float(np.median([training.best[-1] for training in self.trained]))

    def training(self, hyperparameters: Hyperparameters) -> Training:
        key = _key(hyperparameters)
        if key not in self._told:
            self._told[key] = _told_by(self._trees, hyperparameters)
        return self._told[key]

    def rank_correlation(self) -> tuple[float, float]:
        """Spearman's, of the best error and of the seconds, between draws and trees that have not seen them."""
        from scipy.stats import spearmanr

        order = np.random.default_rng(0).permutation(len(self.drawn))
        told: dict[int, Training] = {}
        for fold in np.array_split(order, min(10, len(order))):
            others = np.setdiff1d(order, fold)
            trees = _fitted([self.drawn[at] for at in others], [self.trained[at] for at in others])
            told |= {int(at): _told_by(trees, self.drawn[at].hyperparameters) for at in fold}
        return (
            float(
                spearmanr([told[at].best[-1] for at in order], [self.trained[at].best[-1] for at in order])[0]
            ),
            float(
                spearmanr([told[at].seconds for at in order], [self.trained[at].seconds for at in order])[0]
            ),
        )

    @cached_property
    def _trees(self) -> tuple[Any, Any]:
        return _fitted(self.drawn, self.trained)

    def _training(self, draw: Draw) -> Training:
        so_far = np.log(np.minimum.accumulate(draw.curve) / self._floor)
        # A training that diverges at once is worse than any other: by the factor of 100.
        return Training(np.minimum(so_far, math.log(100)).tolist(), draw.seconds)


def _fitted(draws: list[Draw], trained: list[Training]) -> tuple[Any, Any]:
    """Trees of curves that are drawn out to all epochs, and of log seconds for an epoch and the epochs that ran."""
    from sklearn.ensemble import ExtraTreesRegressor

    rows = np.array([_features(draw.hyperparameters) for draw in draws])
    curves = [one.best + [one.best[-1]] * (EPOCHS - one.epochs) for one in trained]
    costs = [(math.log(one.seconds / one.epochs), one.epochs / EPOCHS) for one in trained]
    return tuple(
        ExtraTreesRegressor(100, max_features=0.5, random_state=0).fit(rows, np.array(wanted))
        for wanted in (curves, costs)
    )


def _told_by(trees: tuple[Any, Any], hyperparameters: Hyperparameters) -> Training:
    # Tree by tree: scikit-learn's `predict` takes 20 ms for one row.
    row = np.array([_features(hyperparameters)], np.float32)
    best, (log_seconds, share) = (
        np.mean([tree.tree_.predict(row)[0, :, 0] for tree in forest.estimators_], axis=0) for forest in trees
    )
    epochs = round(share * EPOCHS)
    # What it is worth in the end is what all epochs reach: that it ends earlier is because nothing better comes.
    return Training([*best[: epochs - 1].tolist(), float(best[-1])], epochs * math.exp(log_seconds))


def _key(hyperparameters: Hyperparameters) -> str:
    return hyperparameters.model_dump_json()


def _features(one: Hyperparameters) -> list[float]:
    """Numbers on the scales of the space, choices as ones and zeros; what has no meaning for the embedding is 0."""
    periodic, piecewise = one.embedding == "periodic", one.embedding == "piecewise"
    numbers = [
        math.log10(one.sigma) if periodic else 0.0,
        math.log2(one.frequencies) if periodic else 0.0,
        math.log2(one.bins) if piecewise else 0.0,
        math.log2(one.embedding_size) if periodic or piecewise else 0.0,
        math.log2(one.members),
        one.depth,
        math.log2(one.width),
        one.batch_norm,
        one.dropout,
        math.log10(one.learning_rate),
        math.log10(one.weight_decay),
        math.log2(one.batch_size),
        one.label_smoothing,
    ]
    chosen = [one.activation == choice for choice in get_args(Activation)]
    chosen += [one.embedding == choice for choice in get_args(Embedding)]
    return [float(value) for value in (*numbers, *chosen)]
