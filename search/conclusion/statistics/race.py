"""Which of a few configurations is best, which cannot be told from it, and what it cost to choose."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from search.conclusion.statistics.intervals import (
    LEVEL,
    Difference,
    difference,
    difference_over_rows,
    mean_of,
    p_of_both,
)
from search.settings.metrics import Direction, sign_of

_ALPHA = 1 - LEVEL

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Rival(Generic[Name]):
    """One of a race beside the leader: how much worse it is, in the metric's unit.

    `over_seeds` allows for the noise of training, `over_rows` for that of the validation rows where their scores
    are known. `p` is adjusted; `tied` is whether the values do not show that it is worse: where they allow no
    test, they do not.
    """

    name: Name
    over_seeds: Difference
    over_rows: Difference | None
    p: float | None
    tied: bool


@dataclass(frozen=True)
class Race(Generic[Name]):
    """`leader` has the best mean, `rivals` follow by theirs. `winner` is the leader, or in a tie a smaller one."""

    leader: Name
    rivals: list[Rival[Name]]
    winner: Name

    @property
    def tied(self) -> list[Name]:
        """Those that the values cannot tell from the leader, itself first; alone, it is really better."""
        return [self.leader, *(rival.name for rival in self.rivals if rival.tied)]


def race(
    values: Mapping[Name, Mapping[int, float]],
    sizes: Mapping[Name, int],
    direction: Direction,
    rows: Mapping[Name, Sequence[float]] | None = None,
) -> Race[Name]:
    """Which of a few configurations is best, given the value of each seed, or which are tied for it.

    Each is compared with the best mean (`difference`), and p-values are adjusted step by step as Holm (1979)
    does. The best was picked by the very values that it is compared by, so any pair could have come to be
    compared: with m rivals left, a step counts all m (m + 1) / 2 pairs among them and the leader in place of m
    (which hypotheses can be true together at a step: Shaffer 1986). Counting m would call one of five equal
    configurations worse in more than 5 studies of 100; this does in fewer. The last step, where one rival is left,
    is an ordinary test of 5 %.

    Seeds alone say which is better on these validation rows. With the scores of `rows`, a rival is worse only if
    they show it too (`difference_over_rows`, `p_of_both`).

    A tie means that nothing here can tell them apart, not that they are equal: with two seeds nearly everything is a
    tie. Of the tied the smallest wins, by `sizes` (parameters), whose mean is within one standard error of the
    leader's (Breiman, Friedman, Olshen & Stone 1984, sec. 3.4.3): what is further behind would most often be a loss.

    Args:
        rows: each configuration's score of each validation row, the same rows in the same order, averaged over
            its seeds.

    Raises:
        ValueError: no configuration, one without values, or a value that is not finite.
    """
    if not values:
        raise ValueError("expected at least one configuration to compare")
    sign = sign_of(direction)
    judged = {name: mean_of(list(of.values())) for name, of in values.items()}
    means = {name: sign * of.mean for name, of in judged.items()}
    leader, *others = sorted(values, key=lambda name: (-means[name], sizes[name]))
    behind = [difference(values[leader], values[name]).times(sign) for name in others]
    by_rows = [_over_rows(rows or {}, leader, name, sign) for name in others]
    found = [p_of_both(*pair) for pair in zip(behind, by_rows, strict=True)]
    adjusted = iter(_step_down([p for p in found if p is not None], lambda left: left * (left + 1) // 2))
    rivals = []
    for name, over_seeds, over_rows, p in zip(others, behind, by_rows, found, strict=True):
        p = None if p is None else next(adjusted)
        rivals.append(Rival(name, over_seeds, over_rows, p, tied=p is None or p > _ALPHA))
    near = means[leader] - (judged[leader].error or 0.0)
    could_win = [leader, *(rival.name for rival in rivals if rival.tied and means[rival.name] >= near)]
    return Race(leader, rivals, winner=min(could_win, key=lambda name: sizes[name]))


def selection_cost(search: float, confirmed: float, test: float, direction: Direction) -> tuple[float, float]:
    """What it cost to choose by the validation split: how much worse each later value is, in the metric's unit.

    The first is from the search's value to the mean on fresh seeds: one lucky seed was the best of many. The second is
    from there to the test value: the best epoch and the best configuration were chosen on validation rows, and test
    rows are others; chance among both is in it too. Negative where the later value is better.
    """
    sign = sign_of(direction)
    return sign * (search - confirmed), sign * (confirmed - test)


def _over_rows(
    rows: Mapping[Name, Sequence[float]], leader: Name, rival: Name, sign: int
) -> Difference | None:
    if leader not in rows or rival not in rows:
        return None
    return difference_over_rows(rows[leader], rows[rival]).times(sign)


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
