"""One configuration trained on several fresh seeds: which seeds, and what such trainings come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from search.driving.asking import seed_of
from search.row_scores import read_scores

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from search.study import Study


def fresh_seeds(study: Study, count: int) -> tuple[list[int], int]:
    """`count` training seeds to compare on and one for the model to be tested, none of which the search used.

    They follow from the study's seed; a larger count begins with the same.
    """
    used = {seed_of(trial, study.settings.seed) for trial in study.optuna.get_trials(deepcopy=False)}
    last = next(_unused_seeds([study.settings.seed, 0, 3], used))
    stream = _unused_seeds([study.settings.seed, 0, 2], used | {last})
    return list(islice(stream, count)), last


def _unused_seeds(entropy: list[int], used: set[int]) -> Iterator[int]:
    # Of two words are the seeds of a search's trainings, of three that end in 1 those of its sampler.
    random, used = np.random.default_rng(entropy), set(used)
    while True:
        seed = int(random.integers(2**32))
        if seed not in used:
            used.add(seed)
            yield seed


def failure_of(runs: Mapping[int, FrozenTrial]) -> str:
    """Why trainings, by seed, ended without a value; empty where none did. The other seeds alone would flatter."""
    bad = [trial.user_attrs for trial in runs.values() if trial.state.name != "COMPLETE"]
    if not bad:
        return ""
    why = bad[0].get("reason") or bad[0].get("stop_reason")
    return f"{len(bad)} of {len(runs)} seeds ended without a value: {why}"


def mean_scores(companion: Study, runs: Mapping[int, FrozenTrial]) -> list[float] | None:
    """Each validation row's score, its mean over the seeds; None where a training has kept none."""
    scores = [read_scores(companion, trial) for trial in runs.values()]
    kept = [one for one in scores if one is not None]
    if len(kept) < len(scores):
        return None
    means: list[float] = np.mean(kept, axis=0).tolist()
    return means
