"""The best trial, and how far its figure can be trusted."""

from __future__ import annotations

import json
from dataclasses import dataclass

from search.analysis.facts.leaderboard import Entry
from search.analysis.report.snapshot import Snapshot
from search.conclusion.statistics.intervals import wilson
from search.settings.metrics import metric_of


@dataclass(frozen=True)
class Headline:
    """The best trial, its seed, its hyperparameters; of a share of the rows, what chance alone could make.

    `chance` is half of the 95 % interval (Wilson 1927) that such a share would have on as many rows that chose
    nothing; around the best value itself there is none, since these rows chose it. `rivals` is how many of the other
    complete trials are no further behind.
    """

    best: Entry
    seed: int | None
    as_json: str
    chance: float | None
    rivals: int


def headline_of(snapshot: Snapshot) -> Headline | None:
    """None before a trial is complete."""
    if not snapshot.entries:
        return None
    best = snapshot.entries[0]
    chance = None
    if metric_of(snapshot.study.metric).is_share_of_rows:
        low, high = wilson(best.validation, snapshot.study.data.rows.validation)
        chance = (high - low) / 2
    rivals = [trial for trial in snapshot.complete if trial.number != best.trial]
    return Headline(
        best=best,
        seed=snapshot.trials[best.trial].seed,
        as_json=json.dumps(best.hyperparameters, ensure_ascii=False),
        chance=chance,
        rivals=0
        if chance is None
        else sum((trial.value or 0.0) >= best.validation - chance for trial in rivals),
    )
