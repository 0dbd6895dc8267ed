"""What `finalize` found, as an attribute of the study."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from search.conclusion.statistics.intervals import Interval, half_of
from search.study.look import Look
from search.study.study import Study
from search.study.study_record import keep_study_facts


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Standing(_Record):
    """One candidate: `search` is its value in the search, the rest is of its fresh seeds, which `values` are of.

    `behind` is how much worse than the leader, with its interval over seeds, and over rows where their scores are
    known; None for the leader. `p` is adjusted; `tied` includes the leader.
    """

    trial: int
    what: str
    parameters: int
    search: float
    values: dict[int, float]
    mean: float
    deviation: float | None
    interval: Interval | None
    behind: float | None = None
    behind_over_seeds: Interval | None = None
    behind_over_rows: Interval | None = None
    p: float | None = None
    tied: bool = True

    @property
    def half(self) -> float | None:
        """Half the interval of the mean."""
        return half_of(self.interval)

    @property
    def behind_half(self) -> float | None:
        """Half the interval of what it is behind: of both the wider, since seeds and rows have to show it."""
        halves = [half_of(self.behind_over_seeds), half_of(self.behind_over_rows)]
        return max((half for half in halves if half is not None), default=None)


class Conclusion(_Record):
    """All that `finalize` found; `searched` is how many finished trials the search had then.

    `dropped` says of candidates that are not in the race why. `cost_of_search` is from the search's value to the
    confirmed mean, `cost_of_validation` from there to the test value: how much worse, in the metric's unit.
    """

    version: Literal[1] = 1
    metric: str
    direction: str
    seeds: list[int]
    standings: list[Standing]
    dropped: dict[int, str]
    by_rows: bool
    leader: int
    winner: int
    companion: str
    final_trial: int
    final_validation: float
    test: Look
    cost_of_search: float
    cost_of_validation: float
    searched: int

    def standing(self, trial: int) -> Standing:
        """That of the candidate with this trial."""
        return next(standing for standing in self.standings if standing.trial == trial)

    @property
    def tied(self) -> list[Standing]:
        """The leader and those that could not be told from it."""
        return [standing for standing in self.standings if standing.tied]


def write_conclusion(study: Study, conclusion: Conclusion) -> None:
    """In place of an earlier one; its look at the test split stays."""
    keep_study_facts(study.optuna, {"conclusion": conclusion})


def read_conclusion(study: Study) -> Conclusion | None:
    """The last one; None for a study that was not finalized."""
    written = study.record.conclusion
    return None if written is None else Conclusion.model_validate_json(written)
