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
    nothing, also where it is told beside the metric; around the best value itself there is none, since these rows
    chose it, and none where rows do not count alike. `rivals` is how many of the other complete trials are no further
    behind, where they are ranked by it.
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
    chance, rivals = None, 0
    for metric, value in {snapshot.study.metric: best.validation, **best.beside}.items():
        if metric_of(metric).is_share_of_rows and not snapshot.study.data.weight:
            low, high = wilson(value, snapshot.study.rows_judged_by)
            chance = (high - low) / 2
    if chance is not None and metric_of(snapshot.study.metric).is_share_of_rows:
        others = (trial for trial in snapshot.complete if trial.number != best.trial)
        rivals = sum((trial.value or 0.0) >= best.validation - chance for trial in others)
    return Headline(
        best=best,
        seed=snapshot.trials[best.trial].seed,
        as_json=json.dumps(best.hyperparameters, ensure_ascii=False),
        chance=chance,
        rivals=rivals,
    )
