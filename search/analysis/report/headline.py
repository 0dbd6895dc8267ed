"""The best trial, and how far its figure can be trusted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from search.conclusion.statistics.intervals import wilson

if TYPE_CHECKING:
    from search.analysis.leaderboard import Entry
    from search.analysis.report.facts import Facts


@dataclass(frozen=True)
class Headline:
    """The best trial, its seed, its hyperparameters; for accuracies, what chance alone could make of the figure.

    `interval` holds 95 % for the share of rows that were right (Wilson 1927); `rivals` is how many of the other
    complete trials lie in it.
    """

    best: Entry
    seed: int | None
    as_json: str
    interval: tuple[float, float] | None
    rivals: int


def headline_of(facts: Facts) -> Headline | None:
    """None before a trial is complete."""
    if not facts.entries:
        return None
    best = facts.entries[0]
    interval = None
    if facts.study.metric == "val_accuracy":
        interval = wilson(best.validation, facts.study.data.rows.validation)
    rivals = [trial for trial in facts.complete if trial.number != best.trial]
    return Headline(
        best=best,
        seed=facts.trials[best.trial].user_attrs.get("seed"),
        as_json=json.dumps(best.hyperparameters, ensure_ascii=False),
        interval=interval,
        rivals=0 if interval is None else sum((trial.value or 0.0) >= interval[0] for trial in rivals),
    )
