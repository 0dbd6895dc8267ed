"""One configuration beside another that was chosen among many by the very rows that both are judged on.

Its luck on these rows stays with it, on whatever seed it is trained: of 50 equal configurations the best is about
two standard errors better here than on other rows, and all that differs from it looks like a loss. How much of its
value is luck cannot be known from these rows, but how often luck alone makes a loss can be bounded. For each
configuration that could have been chosen, a test of level a calls a variation of it worse in a share a of all cases.
One of `among` was chosen, so the test errs for the one that was in no more than `among` times a (Bonferroni 1936).
So a loss counts over rows at the level 5 % / `among`. The bound holds however the rows of the configurations are
shared, and however much of the choice was luck of a seed; it supposes that what was proposed did not follow from
the values (docs/ablation.md has a simulation of one that did). Such luck makes no gain: there the level stays. Over
seeds nothing was chosen, as they are fresh.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from search.conclusion.statistics.intervals import (
    Difference,
    Interval,
    difference,
    difference_over_rows,
    p_of_both,
)
from search.settings.metrics import Direction, sign_of


@dataclass(frozen=True)
class Change:
    """What is another beside the chosen configuration: value with it minus value without.

    `interval` is the wider of those over seeds and over rows (then `by_rows`): both have to show a difference. `p`
    is the larger of both, and None where there is no test. Neither is adjusted for other variations.
    """

    mean: float
    interval: Interval | None
    p: float | None
    by_rows: bool


def change_from_chosen(
    changed: Mapping[int, float],
    chosen: Mapping[int, float],
    rows: tuple[Sequence[float], Sequence[float]] | None,
    direction: Direction,
    among: int,
) -> Change:
    """Judge a variation of a configuration that was the best of `among` on these rows.

    Args:
        changed, chosen: the metric of each fresh seed.
        rows: the score of each row of both, averaged over the seeds; None where rows have no scores. Then nothing
            allows for the choice, and what is found holds for these rows alone.

    Raises:
        ValueError: see `difference` and `difference_over_rows`.
    """
    over_seeds = difference(changed, chosen)
    over_rows = None if rows is None else _over_rows(*rows, over_seeds.mean, direction, among)
    by_rows = bool(over_seeds.half and over_rows and over_rows.half and over_rows.half > over_seeds.half)
    wider = over_rows if by_rows and over_rows else over_seeds
    return Change(over_seeds.mean, wider.interval, p_of_both(over_seeds, over_rows), by_rows)


def _over_rows(
    changed: Sequence[float], chosen: Sequence[float], mean: float, direction: Direction, among: int
) -> Difference:
    loses = sign_of(direction) * mean < 0
    return difference_over_rows(changed, chosen, tests=max(1, among) if loses else 1)
