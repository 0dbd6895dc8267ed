"""What `finalize` found, as an attribute of the study."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from search.conclusion.calibration.fitting import Calibration
from search.conclusion.ensemble.record import Ensemble
from search.conclusion.statistics.intervals import Interval, half_of
from search.study.look import Look
from search.study.study import Study
from search.study.study_record import keep_study_facts
from search.training.decision import Decision


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
    confirmed mean, `cost_of_validation` from there to the test value: how much worse, in the metric's unit. Where
    several trainings of the winner were averaged, `ensemble` is of them; where that was better it was tested, and
    `final_validation` and `cost_of_validation` begin with its value on validation rows. `networks` says how many were
    asked for, where some diverged and were left out. `decision` is the threshold that the test was by; where it is
    kept, they begin with the value of parts of those rows that did not fit it. So it is with `calibration`, the
    temperature that was asked for, where it is kept and changes the metric.
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
    ensemble: Ensemble | None = None
    networks: int | None = None
    decision: Decision | None = None
    calibration: Calibration | None = None

    @model_serializer(mode="wrap")
    def _without_nothing(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Where nothing was averaged, left out, decided or divided it is written as before anything could be."""
        fields: dict[str, Any] = written(self)
        for name in ("ensemble", "networks", "decision", "calibration"):
            if getattr(self, name) is None:
                fields.pop(name, None)
        return fields

    @property
    def tested_together(self) -> int:
        """How many networks were averaged in what was tested; 1 where one was tested."""
        return len(self.ensemble.members) if self.ensemble is not None and self.ensemble.kept else 1

    @property
    def of_folds(self) -> bool:
        """Whether what was tested is the mean of networks of folds."""
        return self.ensemble is not None and self.ensemble.of_folds

    @property
    def temperature(self) -> float:
        """What the logits of the tested model are divided by; 1 where they are as they were."""
        return self.calibration.temperature if self.calibration is not None and self.calibration.kept else 1.0

    @property
    def averaged_seeds(self) -> list[int]:
        """The seeds of the networks that were averaged, whether their mean was tested or not."""
        return [] if self.ensemble is None else [member.seed for member in self.ensemble.members]

    @property
    def asked_for(self) -> int:
        """How many networks of the winner were to be averaged, those that diverged included; 1 for one alone."""
        return self.networks or max(1, len(self.averaged_seeds))

    def is_of(self, last_seeds: list[int]) -> bool:
        """Whether the winner was trained on these; of those that diverged it has no seed."""
        return self.asked_for == len(last_seeds) and set(self.averaged_seeds) <= set(last_seeds)

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
