"""Means and differences of a few trainings each, with what chance alone makes of them.

The spread between seeds is the noise of training: initial weights, order of rows, dropout. It is not the noise of
the rows that trainings are judged on: all seeds are judged on the same validation rows, and other rows would move
all values together. What holds between two configurations on these rows need not hold on others where the split
is small; `difference_over_rows` measures that part where each row's score is known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

Interval = tuple[float, float]

LEVEL = 0.95
_Z = 1.959963984540054  # of a normal distribution's middle 95 %


@dataclass(frozen=True)
class Mean:
    """Mean and sample standard deviation (of `count` - 1) of values, and the 95 % interval of the mean.

    One value has neither deviation nor interval. Values that are all equal have no interval either: that they
    show no spread does not say that there is none, and a t interval of no width would claim certainty.
    """

    mean: float
    deviation: float | None
    count: int
    interval: Interval | None

    @property
    def half(self) -> float | None:
        """Half the interval's width, what stands behind ±."""
        return half_of(self.interval)

    @property
    def error(self) -> float | None:
        """The standard error of the mean."""
        return None if self.deviation is None else self.deviation / math.sqrt(self.count)


@dataclass(frozen=True)
class Difference:
    """First minus second over `count` pairs: its mean, its 95 % interval, and the two-sided p of no difference.

    Interval and p are None where a single pair, or no spread between them, leaves nothing to judge by.
    """

    mean: float
    interval: Interval | None
    p: float | None
    count: int

    @property
    def half(self) -> float | None:
        """Half the interval's width, what stands behind ±."""
        return half_of(self.interval)

    def times(self, sign: int) -> Difference:
        """The same difference, turned round where `sign` is -1."""
        interval = None
        if self.interval is not None:
            low, high = sorted(sign * bound for bound in self.interval)
            interval = low, high
        return replace(self, mean=sign * self.mean, interval=interval)


def half_of(interval: Interval | None) -> float | None:
    """Half the width of an interval."""
    return None if interval is None else (interval[1] - interval[0]) / 2


def mean_of(values: Sequence[float]) -> Mean:
    """Mean with Student's t interval (Student 1908), which allows for a deviation known from few values.

    Right where values are independent and roughly normal, as a metric over training seeds is.

    Raises:
        ValueError: no values, or one that is not finite.
    """
    array = _finite(values)
    mean, count = float(array.mean()), array.size
    if count == 1:
        return Mean(mean, None, 1, None)
    deviation = float(array.std(ddof=1))
    interval, _ = _judged(mean, deviation / math.sqrt(count), count - 1, np.abs(array).max())
    return Mean(mean, deviation, count, interval)


def difference(first: Mapping[int, float], second: Mapping[int, float]) -> Difference:
    """Of two configurations, given the value of each training seed: by pairs, over the seeds they share.

    Paired (Student 1908): right where both were trained and judged on the same split from the same seed, because
    what a seed does to both drops out. It is valid also where it does nothing, and then costs half the degrees of
    freedom that two independent samples would have.

    Raises:
        ValueError: no seed is shared, or a value is not finite.
    """
    shared = [seed for seed in first if seed in second]
    return _paired([first[seed] for seed in shared], [second[seed] for seed in shared])


def difference_over_rows(first: Sequence[float], second: Sequence[float], tests: int = 1) -> Difference:
    """Of two configurations on the same rows, given each row's score: what other rows of the kind would change.

    A score is 1 for right and 0 for wrong, or the share of seeds that were right, or an error. The interval is of
    the mean difference over rows, paired. For two models scored 0 and 1 it tests what McNemar (1947) tests, by
    the rows that one has right and the other wrong (recommended for one split by Dietterich 1998). It takes the
    trained models as given, so it stands beside the spread between seeds and does not replace it.

    With several `tests`, of which any could have been this one, interval and p are adjusted as Bonferroni (1936) does.

    Raises:
        ValueError: not as many rows on both sides, none, or a score that is not finite.
    """
    return _paired(first, second, tests)


def p_of_both(over_seeds: Difference, over_rows: Difference | None) -> float | None:
    """The p of a difference that has to show over seeds and, where their scores are known, over rows: the larger.

    A test of both at once at the level of each (Berger 1982). None where one of them is impossible.
    """
    if over_rows is None or over_seeds.p is None:
        return over_seeds.p
    return None if over_rows.p is None else max(over_seeds.p, over_rows.p)


def _paired(first: Sequence[float], second: Sequence[float], tests: int = 1) -> Difference:
    one, other = _finite(first), _finite(second)
    if one.size != other.size:
        raise ValueError(f"expected as many values on both sides, but got {one.size} and {other.size}")
    differences = one - other
    mean, count = float(differences.mean()), differences.size
    if count == 1:
        return Difference(mean, None, None, 1)
    error = float(differences.std(ddof=1)) / math.sqrt(count)
    scale = max(np.abs(one).max(), np.abs(other).max())
    return Difference(mean, *_judged(mean, error, count - 1, scale, tests), count)


def wilson(share: float, rows: float) -> Interval:
    """The interval of 95 % for a share that was counted on `rows` rows (Wilson 1927).

    It holds for one model and rows that had no part in choosing it: a test accuracy. Unlike mean ± 1.96 deviations
    it keeps its 95 % near 0 and 1 and for few rows (Brown, Cai & DasGupta 2001).
    """
    centre = share + _Z**2 / (2 * rows)
    half = _Z * math.sqrt(max(0.0, share * (1 - share)) / rows + _Z**2 / (4 * rows**2))
    scale = 1 + _Z**2 / rows
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def _finite(values: Sequence[float]) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if not array.size or not np.isfinite(array).all():
        raise ValueError(f"expected at least one value, all finite, but got {list(values)[:5]}")
    return array


def _judged(
    mean: float, error: float, freedom: float, scale: float, tests: int = 1
) -> tuple[Interval | None, float | None]:
    """Student's interval of a mean with standard error `error`, and its two-sided p against 0, of one of `tests`.

    None where there is no spread: values of size `scale` that are equal differ by their rounding alone.
    """
    if error <= 1e-12 * scale:
        return None, None
    from scipy.special import stdtr, stdtrit  # half a second, which commands that only look need not wait for

    half = -float(stdtrit(freedom, (1 - LEVEL) / 2 / tests)) * error
    return (mean - half, mean + half), min(1.0, tests * 2 * float(stdtr(freedom, -abs(mean) / error)))
