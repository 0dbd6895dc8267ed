"""Which networks are better together: one after the other is added, the same one perhaps several times.

Caruana, Niculescu-Mizil, Crew & Ksikes 2004, *Ensemble selection from libraries of models*: it begins with the best,
adds in each step the one that makes the mean of all best, and goes back to where the mean was best.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from search.conclusion.ensemble.judging import Array, Judge
from search.conclusion.statistics.intervals import Difference, difference_over_rows
from search.training.averaging import averaged_outputs

_NOBODY = (-float("inf"), -float("inf"))


def greedy_choice(outputs: Sequence[Array], judge: Judge, most: int) -> list[int]:
    """Positions of the candidates that are chosen, `most` at most, each as often as it is chosen; the first is 0.

    Among equals the earlier candidate and the shorter choice win. So the choice is never worse than candidate 0 on
    the rows of `judge`, and one that gains nothing is [0].

    Args:
        outputs: of each candidate, (rows, units); the one to begin with comes first.
    """
    chosen = [0]
    together = np.asarray(outputs[0], dtype=np.float64)
    best, best_count = judge.merit(together), 1
    while len(chosen) < most:
        added, merit, together = _best_addition(outputs, together, len(chosen), judge)
        chosen.append(added)
        if merit > best:
            best, best_count = merit, len(chosen)
    return chosen[:best_count]


def _best_addition(
    outputs: Sequence[Array], together: Array, count: int, judge: Judge
) -> tuple[int, tuple[float, float], Array]:
    """The candidate that is best beside the mean `together` of `count`; what that is worth; the new mean."""
    added, merit, mean = 0, _NOBODY, together
    for position, of_one in enumerate(outputs):
        new = averaged_outputs([together, of_one], [count / (count + 1), 1 / (count + 1)], judge.spec.task)
        worth = judge.merit(new)
        if position == 0 or worth > merit:
            added, merit, mean = position, worth, new
    return added, merit, mean


def shares_of(chosen: Sequence[int]) -> dict[int, float]:
    """The weight of each position that was chosen: how often, of all; the weights sum to 1."""
    return {position: chosen.count(position) / len(chosen) for position in dict.fromkeys(chosen)}


def chosen_outputs(outputs: Sequence[Array], chosen: Sequence[int], task: str) -> Array:
    """What the chosen answer together, (rows, units)."""
    shares = shares_of(chosen)
    return averaged_outputs([outputs[position] for position in shares], list(shares.values()), task)


def gain_on_other_rows(outputs: Sequence[Array], judge: Judge, most: int) -> Difference | None:
    """What choosing several gains over choosing one, on rows that did not choose: each half by choices of the other.

    The gain on the rows that chose is flattered by the choice. So is the best candidate on the rows that made it the
    best, which would speak against any mean: it is chosen by the other half as well. More is better. None where the
    metric is no mean over rows, or there are not two rows.
    """
    first, second = halves_of(len(judge.y))
    if judge.scores(outputs[0]) is None or not len(second):
        return None
    together, alone = np.empty(outputs[0].shape), np.empty(outputs[0].shape)
    for choosing, judged in ((first, second), (second, first)):
        chosen = choice_by([one[choosing] for one in outputs], judge.of(choosing), most)
        there = [one[judged] for one in outputs]
        together[judged] = chosen_outputs(there, chosen, judge.spec.task)
        alone[judged] = there[chosen[0]]
    # Of all rows at once: the scores of some metrics depend on the others, as those of rmse do.
    after, before = judge.scores(together), judge.scores(alone)
    assert after is not None  # as of the first candidate
    assert before is not None
    return difference_over_rows(after.tolist(), before.tolist()).times(judge.sign)


def choice_by(outputs: Sequence[Array], judge: Judge, most: int) -> list[int]:
    """As `greedy_choice`, of candidates in any order: it begins with the one that is best on the rows of `judge`."""
    order = sorted(range(len(outputs)), key=lambda position: judge.merit(outputs[position]), reverse=True)
    return [order[at] for at in greedy_choice([outputs[position] for position in order], judge, most)]


def halves_of(rows: int) -> tuple[Array, Array]:
    """Positions of two halves of so many rows, the same for each call."""
    order = np.random.default_rng(0).permutation(rows)
    return np.sort(order[::2]), np.sort(order[1::2])
