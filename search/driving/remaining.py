"""What is still to come of a study, as an interval, from its trials that have ended: time, epochs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from search.text.formats import clock

FEWEST = 3
"""Ended trials beside the first of each worker from which on an interval follows."""
_TO_TELL = 2
_OF_FEW = 3.0
_LATEST = 500
_DRAWS = 300
_SUMMED_ONE_BY_ONE = 1000


@dataclass(frozen=True)
class Interval:
    """A forecast: its median, and the bounds that it lies between nine times in ten if its assumptions hold."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, draws: Sequence[float] | np.ndarray) -> Interval:
        return cls(*(float(bound) for bound in np.quantile(draws, [0.05, 0.5, 0.95])))

    def at_most(self, seconds: float) -> Interval:
        return Interval(*(min(bound, seconds) for bound in (self.low, self.middle, self.high)))

    def to_json(self) -> dict[str, float]:
        return {"low": self.low, "middle": self.middle, "high": self.high}


def remaining_time(
    durations: Sequence[float], trials: int, workers: int, elapsed: Sequence[float] = ()
) -> Interval | None:
    """Seconds until `trials` more trials have ended on `workers` workers; None until two have ended.

    `sums_to_come` of the durations so far is divided by the workers; half a trial is added for workers that find
    nothing more to do at the end. From fewer than `FEWEST` durations follows an upper bound: see `_from_few`.

    Args:
        durations: seconds of each ended trial, in order; the first of each worker do not count, since its start-up
            is in them. The latest 500 count.
        trials: those that have not ended, running ones included.
        elapsed: seconds that running trials have run already.
    """
    seen = durations[workers:]
    if trials <= 0:
        return Interval(0.0, 0.0, 0.0)
    if len(seen) < FEWEST:
        return _from_few(durations, seen, trials, workers, sum(elapsed))
    known = tuple(seen[-_LATEST:])
    total = _same_sums(known, trials, len(durations))
    at_once = min(workers, trials)
    left = np.maximum(total - sum(elapsed), 0.0) / at_once
    return Interval.of(left + np.mean(known) / 2 * (1 - 1 / at_once))


@lru_cache(maxsize=4)
def _same_sums(known: tuple[float, ...], trials: int, seed: int) -> np.ndarray:
    """A live view asks twice a second, and they change when a trial ends."""
    return sums_to_come(np.asarray(known), trials, seed)


def sums_to_come(known: np.ndarray, trials: int, seed: int) -> np.ndarray:
    """Sums over `trials` trials to come, if they are like those of which something is `known`: shape (draws,).

    A bootstrap (Efron & Tibshirani 1993, chapter 8): what is known is drawn with replacement, which stands for what
    it does not tell of such trials, and from each such sample come the trials that are left, which differ from their
    mean as well. Without the second step nine in ten intervals would hold the truth a third of the time.

    Args:
        known: of each trial that has ended, its duration, its epochs, or whether it was pruned.
    """
    random = np.random.default_rng(seed)
    resampled = random.choice(np.asarray(known, dtype=float), (_DRAWS, len(known)))
    if trials <= _SUMMED_ONE_BY_ONE:
        picked = random.integers(0, len(known), (_DRAWS, trials))
        return np.asarray(np.take_along_axis(resampled, picked, axis=1).sum(axis=1))
    # The central limit theorem is as good here, and costs nothing.
    spread = resampled.std(axis=1) * np.sqrt(trials)
    return np.asarray(resampled.mean(axis=1) * trials + spread * random.standard_normal(_DRAWS))


def _from_few(
    durations: Sequence[float], seen: Sequence[float], trials: int, workers: int, elapsed: float
) -> Interval | None:
    """From nothing up to three times what is left if every trial were like the longest so far.

    Of exponential durations, as skewed as pruning makes them, any number of further trials lasts no longer nine times
    in ten (one of them: 1 - 2 / (1 + 1/3) + 1 / (1 + 2/3) = 0.1 that it does). How short they may be is not known:
    most of these durations have a worker's start-up in them.
    """
    if len(durations) < _TO_TELL:
        return None
    at_once = min(workers, trials)
    mean = float(np.mean(seen or durations))

    def left(each: float) -> float:
        return max(each * trials - elapsed, 0.0) / at_once + mean / 2 * (1 - 1 / at_once)

    return Interval(0.0, left(mean), left(_OF_FEW * max(durations)))


def span(left: Interval) -> str:
    """`1:20 (1:05 to 1:50)`; `0:03` where the bounds are the same to the second."""
    low, middle, high = clock(left.low), clock(left.middle), clock(left.high)
    return middle if low == high else f"{middle} ({low} to {high})"


def left_forms(left: Interval | None, ended: int, limit: float | None = None) -> tuple[str, ...]:
    """What is left after `ended` trials, in fewer and fewer words; where it is not known, what that waits for.

    Args:
        limit: seconds until a command ends whatever is left.
    """
    if left is not None:
        about = f"about {clock(left.middle)} left"
        bounds = span(left).partition(" ")[2]
        return (f"{about} {bounds}", about) if bounds else (about,)
    if limit is not None:
        return (f"at most {clock(limit)} left",)
    return f"time left is known after {_more(ended)}", f"time left after {_more(ended)}"


def left_words(left: Interval | None, ended: int) -> str:
    """For a line: `left 1:20 (1:05 to 1:50)`, or what it waits for."""
    return f"time left after {_more(ended)}" if left is None else f"left {span(left)}"


def _more(ended: int) -> str:
    return "one more trial" if ended else f"{_TO_TELL} trials"
