"""A pruner that compares trials after as many seconds of training, not epochs; for `benchmarks.tables_replay`.

perceptuna has no such pruner: its rungs count epochs (docs/design.md).
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from search.settings.metrics import Direction

_FEWEST = 3
_REDUCTION_FACTOR = 2


@dataclass(frozen=True)
class Curve:
    """A trial by its epochs so far: the value after each, and the seconds that each took."""

    values: Sequence[float]
    seconds: Sequence[float]

    def ends(self) -> list[float]:
        """Seconds of training at the end of each epoch."""
        return list(accumulate(self.seconds))

    def reached(self, seconds: float, direction: Direction) -> float | None:
        """Its best value of epochs that ended within so many seconds of training; None before the first has."""
        seen = [value for value, end in zip(self.values, self.ends(), strict=True) if end <= seconds]
        if not seen:
            return None
        return max(seen) if direction == "maximize" else min(seen)


def rung_seconds(ended: Sequence[Curve], epochs: int) -> float | None:
    """Seconds of training after which trials are compared: the median of a third of the `epochs` of those that ended.

    None while fewer than three trials have got so far.
    """
    third = max(1, round(epochs / 3))
    took = [curve.ends()[third - 1] for curve in ended if len(curve.seconds) >= third]
    return statistics.median(took) if len(took) >= _FEWEST else None


def falls_behind(
    trial: Curve, rivals: Sequence[Curve], *, rung: float, epochs: int, direction: Direction
) -> bool:
    """Whether `trial` is to end after its last epoch: as with `asha`, the better half of those that came so far go on.

    It is compared once, at the first end of an epoch after `rung` seconds of training, by its best value so far, with
    what each rival had reached by then; a rival that had ended counts with all of it. In the second half of its
    `epochs` none is ended. Of the first two, the better one goes on, and of equals all.
    """
    ends = trial.ends()
    if not ends or ends[-1] < rung or (len(ends) > 1 and ends[-2] >= rung) or 2 * len(ends) > epochs:
        return False
    own = trial.reached(ends[-1], direction)
    others = [rival.reached(ends[-1], direction) for rival in rivals]
    sign = -1 if direction == "maximize" else 1
    order = sorted(sign * value for value in [own, *others] if value is not None)
    last = order[max(len(order) // _REDUCTION_FACTOR, 1) - 1]
    return own is not None and sign * own > last
