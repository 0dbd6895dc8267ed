"""What `ablate` found, as an attribute of the study that it is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict

from search.conclusion.statistics.intervals import Difference, Interval, half_of
from search.study.study import Study
from search.study.study_record import keep_study_facts


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Effect(_Record):
    """What one variation changes: `change` is the metric with it minus the metric of the configuration as it is.

    `values` are by seed; `interval` is of the change, paired by seed, or where `by_rows` is true the wider one over
    validation rows; `p` is the larger of both, adjusted for being one of several. Of a loss the interval and the p over
    rows allow for the configuration having been chosen by these rows (`statistics.chosen`).
    Where a training ended without a value, `failed` says why, and there is no change. See `Variation` for the others.
    """

    parameter: str
    before: str
    after: str
    technique: str
    adds: bool
    note: str
    outside: bool
    parameters: int | None
    seconds: float | None
    values: dict[int, float]
    change: float | None = None
    interval: Interval | None = None
    p: float | None = None
    by_rows: bool = False
    failed: str = ""

    @property
    def half(self) -> float | None:
        """Half the interval, what stands behind ±."""
        return half_of(self.interval)

    @property
    def is_clear(self) -> bool:
        """Whether seeds and rows show a difference, judged without the other variations."""
        return self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]

    def gain(self, sign: int) -> Difference:
        """`sign` times the change, as a difference."""
        assert self.change is not None
        return Difference(self.change, self.interval, self.p, len(self.values)).times(sign)


class Ablation(_Record):
    """Around trial `trial`; `effects` begin with those that failed, then the largest loss.

    `values`, `parameters` and `seconds` are of the configuration as it is, trained on `seeds` again; `search` is what
    it had in the search. It was chosen among `chosen_among` trials (None: a record of an earlier version, which did not
    allow for that); `by_row_scores` is whether rows have scores, by which that is allowed for. `epochs` and `patience`
    are the limits of all trainings.
    """

    version: Literal[1] = 1
    study: str
    companion: str
    trial: int
    what: str
    metric: str
    direction: str
    epochs: int
    patience: int
    seeds: list[int]
    search: float
    chosen_among: int | None = None
    by_row_scores: bool = False
    values: dict[int, float]
    mean: float
    interval: Interval | None
    parameters: int | None
    seconds: float | None
    effects: list[Effect]


def write_ablation(study: Study, ablation: Ablation) -> None:
    """In place of an earlier one around the same trial."""
    keep_study_facts(study.optuna, {"ablations": {ablation.trial: ablation}})


def best_ablation(study: Study) -> Ablation | None:
    """Around the best of the trials that were taken for it; None where there was none."""
    return next(iter(ablations(study)), None)


def ablations(study: Study) -> Iterator[Ablation]:
    """Those around trials that are ranked, in their order."""
    record = study.record
    for trial in study.ranked() if record.is_ablated else ():
        if (found := record.ablation(trial.number)) is not None:
            yield Ablation.model_validate_json(found)
