"""What a training on a table would show, of configurations that nobody trained, by those of `benchmarks.tables_draws`.

Trees learn the curves of one table (Geurts et al. 2006; Eggensperger et al. 2015, "Efficient benchmarking of
hyperparameter optimizers via surrogates"). To what they say comes what they missed on a draw that they had not seen:
means of draws alone are never as good as the best of them, and curves that never cross are too easy for a pruner.
Known configurations have the curve that was recorded. `rank_correlation` tells how far the trees can be trusted.
Errors are logarithms, relative to the least of the table.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

import numpy as np

from benchmarks.tables_curves import EPOCHS, Draw, broad_space
from spaces import Hyperparameters, Space
from spaces.hyperparameters import Activation, Embedding

Array = np.ndarray[Any, Any]

_FOLDS = 5
_ALIKE = 8
"""Of so many unseen draws that trees took for as good, one tells what they miss."""


@dataclass(frozen=True)
class Training:
    """`best`: log of the least error so far, after each of its epochs, over the least of the table."""

    best: list[float]
    seconds: float

    @property
    def epochs(self) -> int:
        return len(self.best)

    @property
    def per_epoch(self) -> float:
        """Seconds."""
        return self.seconds / self.epochs


class Surrogate:
    """Of one table: `draws` are its own, at least two of them random."""

    def __init__(self, draws: list[Draw], trees: int = 100) -> None:
        self.table = draws[0].table
        self._count = trees
        self._floor = min(min(draw.curve) for draw in draws)
        self.drawn = [draw for draw in draws if not draw.known]
        self.trained = [self._training(draw) for draw in self.drawn]
        self._known = [(draw, self._training(draw)) for draw in draws if draw.known]
        self._told = {_key(draw.hyperparameters): training for draw, training in self._known}

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
            told = _told_by(self._trees, hyperparameters)
            alike = sorted(self._unseen, key=lambda pair: abs(pair[0].curve[-1] - told.curve[-1]))[:_ALIKE]
            unseen, trained = alike[zlib.crc32(key.encode()) % len(alike)]
            self._told[key] = told.training(_drawn_out(trained.best) - unseen.curve)
        return self._told[key]

    def rank_correlation(self) -> tuple[float, float]:
        """Spearman's, of the best error and of the seconds, between draws and trees that have not seen them."""
        from scipy.stats import spearmanr

        error = [(unseen.curve[-1], trained.best[-1]) for unseen, trained in self._unseen]
        seconds = [(unseen.seconds, trained.seconds) for unseen, trained in self._unseen]
        return float(spearmanr(error).statistic), float(spearmanr(seconds).statistic)

    @cached_property
    def _unseen(self) -> list[tuple[_Told, Training]]:
        """Of each random draw what trees say that have not seen it, and what it was."""
        order, found = np.random.default_rng(0).permutation(len(self.drawn)), []
        for fold in np.array_split(order, _FOLDS):
            seen = [at for at in order if at not in fold]
            trees = self._fitted([self.drawn[at] for at in seen], [self.trained[at] for at in seen])
            found += [(_told_by(trees, self.drawn[at].hyperparameters), self.trained[at]) for at in fold]
        return found

    @cached_property
    def _trees(self) -> tuple[Any, Any]:
        return self._fitted(self.drawn, self.trained)

    def _fitted(self, drawn: list[Draw], trained: list[Training]) -> tuple[Any, Any]:
        """Trees of curves that are drawn out to all epochs, and of log seconds for an epoch and the epochs that ran."""
        from sklearn.ensemble import ExtraTreesRegressor

        pairs = [*zip(drawn, trained, strict=True), *self._known]
        rows = np.array([_features(draw.hyperparameters) for draw, _ in pairs])
        curves = [_drawn_out(one.best) for _, one in pairs]
        costs = [(math.log(one.seconds / one.epochs), one.epochs / EPOCHS) for _, one in pairs]
        return tuple(
            ExtraTreesRegressor(self._count, max_features=0.5, random_state=0).fit(rows, np.array(wanted))
            for wanted in (curves, costs)
        )

    def _training(self, draw: Draw) -> Training:
        so_far = np.log(np.minimum.accumulate(draw.curve) / self._floor)
        # A training that diverges at once is worse than any other: by the factor of 100.
        return Training(np.minimum(so_far, math.log(100)).tolist(), draw.seconds)


@dataclass(frozen=True)
class _Told:
    """By trees: `curve` is of shape (EPOCHS,), also where they say that it ends earlier."""

    curve: Array
    epochs: int
    seconds: float

    def training(self, missed: Array) -> Training:
        curve = np.minimum.accumulate(self.curve + missed)
        # What it is worth in the end is what all epochs reach: that it ends earlier is because nothing better comes.
        return Training([*curve[: self.epochs - 1].tolist(), float(curve[-1])], self.seconds)


def _told_by(trees: tuple[Any, Any], hyperparameters: Hyperparameters) -> _Told:
    # Tree by tree: scikit-learn's `predict` takes 20 ms for one row.
    row = np.array([_features(hyperparameters)], np.float32)
    curve, (log_seconds, share) = (
        np.mean([tree.tree_.predict(row)[0, :, 0] for tree in forest.estimators_], axis=0) for forest in trees
    )
    epochs = round(share * EPOCHS)
    return _Told(curve, epochs, epochs * math.exp(log_seconds))


def _drawn_out(best: list[float]) -> Array:
    return np.array(best + [best[-1]] * (EPOCHS - len(best)))


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
