"""Which of a few configurations is best, and which cannot be told from it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from search.analysis.statistics import LEVEL, Difference, difference, mean_of
from search.metrics import Direction

_ALPHA = 1 - LEVEL

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Rival(Generic[Name]):
    """One of a race beside the leader. `behind` is how much worse it is, in the metric's unit; `p` is adjusted.

    `tied` is whether the values do not show that it is worse; where they allow no test, it is.
    """

    name: Name
    behind: Difference
    p: float | None
    tied: bool


@dataclass(frozen=True)
class Race(Generic[Name]):
    """`leader` has the best mean, `rivals` follow by theirs. `winner` is the leader, or in a tie the smallest."""

    leader: Name
    rivals: list[Rival[Name]]
    winner: Name

    @property
    def tied(self) -> list[Name]:
        """Those that the values cannot tell from the leader, itself first; alone, it is really better."""
        return [self.leader, *(rival.name for rival in self.rivals if rival.tied)]


def race(
    values: Mapping[Name, Mapping[int, float]], sizes: Mapping[Name, int], direction: Direction
) -> Race[Name]:
    """Which of a few configurations is best, given the value of each seed, or which are tied for it.

    Each is compared with the best mean (`difference`), and p-values are adjusted step by step as Holm (1979)
    does. The best was picked by the very values that it is compared by, so any pair could have come to be
    compared: with m rivals left, a step counts all m (m + 1) / 2 pairs among them and the leader in place of m
    (which hypotheses can be true together at a step: Shaffer 1986). Counting m would call one
    of five equal configurations worse in more than 5 studies of 100; this does in fewer. The last step, where one
    rival is left, is an ordinary test of 5 %.

    A tie means that these seeds cannot tell, not that the configurations are equal; of the tied the smallest
    wins, by `sizes` (parameters), then by mean: nothing is known to be lost by it. With two seeds nearly
    everything is a tie.

    Raises:
        ValueError: no configuration, one without values, or a value that is not finite.
    """
    if not values:
        raise ValueError("expected at least one configuration to compare")
    sign = 1 if direction == "maximize" else -1
    means = {name: sign * mean_of(list(of.values())).mean for name, of in values.items()}
    leader, *others = sorted(values, key=lambda name: (-means[name], sizes[name]))
    behind = [_scaled(difference(values[leader], values[name]), sign) for name in others]
    adjusted = iter(
        _step_down([one.p for one in behind if one.p is not None], lambda left: left * (left + 1) // 2)
    )
    rivals = []
    for name, one in zip(others, behind, strict=True):
        p = None if one.p is None else next(adjusted)
        rivals.append(Rival(name, one, p, tied=p is None or p > _ALPHA))
    tied = [leader, *(rival.name for rival in rivals if rival.tied)]
    return Race(leader, rivals, winner=min(tied, key=lambda name: sizes[name]))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted for being several (Holm 1979), in their order: at most 5 % of such lists hold a false find."""
    return _step_down(p_values, lambda left: left)


def _step_down(p_values: Sequence[float], hypotheses: Callable[[int], int]) -> list[float]:
    """`hypotheses` is how many could be true together when so many p-values are left."""
    adjusted, highest = [1.0] * len(p_values), 0.0
    for step, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        highest = max(highest, min(1.0, p_values[index] * hypotheses(len(p_values) - step)))
        adjusted[index] = highest
    return adjusted


def _scaled(of: Difference, sign: int) -> Difference:
    interval = of.interval
    if interval is not None:
        low, high = sorted(sign * bound for bound in interval)
        interval = low, high
    return replace(of, mean=sign * of.mean, interval=interval)
