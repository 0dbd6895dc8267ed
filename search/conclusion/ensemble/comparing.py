"""An ensemble beside the network that would be taken alone: what it gains on validation rows, and what it takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from search.conclusion.ensemble.greedy import gain_on_other_rows, greedy_choice, shares_of
from search.conclusion.ensemble.judging import Array, Judge
from search.conclusion.ensemble.record import Cost, Ensemble, Member
from search.conclusion.statistics.intervals import Difference, difference_over_rows
from search.training.averaging import averaged_outputs

if TYPE_CHECKING:
    import keras

    from search.conclusion.ensemble.network import Network

# Rows of a batch that is timed, and how often it is: the quickest says what the computation takes.
_BATCH = 1000
_REPEATS = 7


def chosen_greedily(
    networks: Sequence[Network], seeds: Sequence[int], outputs: Sequence[Array], judge: Judge, most: int
) -> tuple[Ensemble, list[Network]]:
    """The ensemble of `most` choices at most among `networks`, the best first; and its members' networks."""
    shares = shares_of(greedy_choice(outputs, judge, most))
    gain = gain_on_other_rows(outputs, judge, most)
    of = [networks[position] for position in shares]
    ensemble = _compared(
        [
            _member(networks[position].trial.number, seeds[position], weight, outputs[position], judge)
            for position, weight in shares.items()
        ],
        [outputs[position] for position in shares],
        judge,
        gain,
        chosen_among=len(networks),
    )
    return ensemble, of


def of_equal_weight(
    trials: Sequence[int], seeds: Sequence[int], outputs: Sequence[Array], judge: Judge
) -> Ensemble:
    """The ensemble of all of them, which no rows chose; the first would be taken alone."""
    members = [
        _member(trial, seed, 1 / len(trials), one, judge)
        for trial, seed, one in zip(trials, seeds, outputs, strict=True)
    ]
    together = averaged_outputs(outputs, [member.weight for member in members], judge.spec.task)
    scores, before = judge.scores(together), judge.scores(outputs[0])
    gain = None
    if scores is not None and before is not None:
        gain = difference_over_rows(scores.tolist(), before.tolist()).times(judge.sign)
    return _compared(members, outputs, judge, gain)


def of_folds(trial: int, seeds: Sequence[int], outputs: Sequence[Array], judges: Sequence[Judge]) -> Ensemble:
    """The ensemble of the networks of folds, each with the outputs for the rows it was not trained on, and their judge.

    The cross-entropy and the squared error of a mean are never above the mean of its members' (both are convex:
    Jensen 1906), so that it needs no comparison.
    """
    whole = Judge.of_all(judges)
    measured = whole.measured(np.concatenate(outputs))
    members = [
        _member(trial, seed, 1 / len(seeds), one, judge)
        for seed, one, judge in zip(seeds, outputs, judges, strict=True)
    ]
    value = measured[whole.metric]
    return Ensemble(
        members=members,
        value=value,
        beside=whole.beside(measured),
        single=value,
        rows=len(whole.y),
        kept=True,
        of_folds=True,
    )


def _member(trial: int, seed: int, weight: float, outputs: Array, judge: Judge) -> Member:
    measured = judge.measured(outputs)
    return Member(
        trial=trial, seed=seed, weight=weight, value=measured[judge.metric], beside=judge.beside(measured)
    )


def _compared(
    members: list[Member],
    outputs: Sequence[Array],
    judge: Judge,
    gain: Difference | None,
    chosen_among: int | None = None,
) -> Ensemble:
    together = averaged_outputs(outputs, [member.weight for member in members], judge.spec.task)
    measured = judge.measured(together)
    return Ensemble(
        members=members,
        value=measured[judge.metric],
        beside=judge.beside(measured),
        single=members[0].value,
        rows=len(judge.y),
        kept=_is_better(together, outputs[0], judge, gain),
        chosen_among=chosen_among,
        gain=gain and gain.mean + 0.0,  # there is no negative zero
        gain_interval=gain and gain.interval,
    )


def _is_better(together: Array, alone: Array, judge: Judge, gain: Difference | None) -> bool:
    """On the rows of `judge`, and on rows that did not choose, where that can be told."""
    return judge.merit(together)[0] > judge.merit(alone)[0] and (gain is None or gain.mean > 0)


def cost_of(together: tuple[keras.Model, Path], alone: tuple[keras.Model, Path], x: Array) -> Cost:
    """Measured now, on this machine.

    Args:
        together, alone: each a model that takes prepared rows, and the file that it was exported to.
        x: prepared rows.
    """
    batch = np.asarray(x[:_BATCH])
    return Cost(
        bytes=together[1].stat().st_size,
        single_bytes=alone[1].stat().st_size,
        milliseconds=_milliseconds(together[0], batch),
        single_milliseconds=_milliseconds(alone[0], batch),
        batch=len(batch),
    )


def _milliseconds(model: keras.Model, batch: Array) -> float:
    """Of a row, as `predict` computes it."""
    import tensorflow as tf

    compiled, rows = tf.function(model, autograph=False), tf.constant(batch)
    compiled(rows).numpy()
    took = []
    for _ in range(_REPEATS):
        begun = time.perf_counter()
        compiled(rows).numpy()
        took.append(time.perf_counter() - begun)
    return 1000 * min(took) / len(batch)
