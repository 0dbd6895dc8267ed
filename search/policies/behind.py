"""Is a trial behind the best one, by the folds that it has seen? What ends trials early in a study of folds.

The idea is that of Optuna's `WilcoxonPruner`. That one also compares the mean of the folds so far with the best trial's
mean over all folds, which is another quantity where folds differ in how hard they are; here it is the same folds alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

BEHIND = 0.2
"""Of a one-sided p. Behind on the first two folds it is 1/4, on the first three 1/8."""


def is_behind(values: Mapping[int, float], best: Mapping[int, float], *, maximize: bool) -> bool:
    """Whether `values`, by fold, are worse than those of `best` on the same folds, by more than chance."""
    sign = 1.0 if maximize else -1.0
    gains = [sign * (value - best[fold]) for fold, value in values.items() if fold in best]
    return bool(gains) and p_of_ranks(gains) < BEHIND


def p_of_ranks(gains: Sequence[float]) -> float:
    """How often chance would give gains whose signed ranks sum to as little, one-sided and exact (Wilcoxon 1945).

    A gain of 0 counts half to either side, and equal ones share their ranks.
    """
    ranks = _doubled_ranks([abs(gain) for gain in gains])
    seen = sum(rank * _share_of_gain(gain) for rank, gain in zip(ranks, gains, strict=True))
    sums = Counter({0: 1})
    for rank in ranks:
        with_it = Counter({of + rank: count for of, count in sums.items()})
        sums = sums + with_it
    return sum(count for of, count in sums.items() if of <= seen) / 2 ** len(ranks)


def _share_of_gain(gain: float) -> float:
    return 0.5 if gain == 0 else float(gain > 0)


def _doubled_ranks(sizes: Sequence[float]) -> list[int]:
    """Twice the rank of each, from 2; of equal ones the mean, which is a whole number so."""
    return [
        2 * sum(other < size for other in sizes) + sum(other == size for other in sizes) + 1 for size in sizes
    ]
