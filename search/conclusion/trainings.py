"""One configuration trained on several fresh seeds: which seeds, and what such trainings come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import IntEnum
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from search.study.row_scores import read_scores

if TYPE_CHECKING:
    from search.study.study import Study
    from search.study.trial_record import TrialRecord


class Purpose(IntEnum):
    """What fresh seeds are for. Each has its own: what was chosen on some seeds is confirmed on others.

    1 stands for the seeds of a search's sampler.
    """

    CONFIRMATION = 2
    TEST = 3
    ABLATION = 4


def fresh_seeds(study: Study, purpose: Purpose, count: int) -> list[int]:
    """`count` training seeds for `purpose`, none of which the search used.

    They follow from the study's seed; a larger count begins with the same.
    """
    used = {trial.training_seed(study.settings.seed) for trial in study.trials()}
    return list(islice(_unused_seeds([study.settings.seed, 0, purpose], used), count))


def _unused_seeds(entropy: list[int], used: set[int]) -> Iterator[int]:
    random, used = np.random.default_rng(entropy), set(used)
    while True:
        seed = int(random.integers(2**32))
        if seed not in used:
            used.add(seed)
            yield seed


def values_of(runs: Mapping[int, TrialRecord]) -> dict[int, float]:
    """The metric of each training that has one, by seed."""
    return {seed: float(trial.value or 0.0) for seed, trial in runs.items() if trial.state.name == "COMPLETE"}


def parameters_of(runs: Mapping[int, TrialRecord]) -> int | None:
    """Weights of the model, as Keras counts them; None where no training came so far."""
    return next((trial.parameters for trial in runs.values() if trial.parameters), None)


def failure_of(runs: Mapping[int, TrialRecord]) -> str:
    """Why trainings, by seed, ended without a value; empty where none did. The other seeds alone would flatter."""
    bad = [trial for trial in runs.values() if trial.state.name != "COMPLETE"]
    return f"{len(bad)} of {len(runs)} seeds ended without a value: {why_not(bad[0])}" if bad else ""


def why_not(trial: TrialRecord) -> str:
    """Why a training ended without a value."""
    return trial.reason or str(trial.stop and trial.stop.text())


def mean_scores(companion: Study, runs: Mapping[int, TrialRecord]) -> list[float] | None:
    """Each validation row's score, its mean over the seeds; None where a training has kept none."""
    scores = [read_scores(companion, trial) for trial in runs.values()]
    kept = [one for one in scores if one is not None]
    if len(kept) < len(scores):
        return None
    means: list[float] = np.mean(kept, axis=0).tolist()
    return means
