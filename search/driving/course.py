"""What has ended of a study, as far as a live view tells it: the latest, the best, and the course of the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from search.settings.metrics import Direction, is_better, sign_of
from search.study.trial_record import state_word

if TYPE_CHECKING:
    from search.study.study import Study
    from search.study.trial_record import TrialRecord

SHOWN = 3
"""So many of the latest and of the best are kept."""


@dataclass(frozen=True)
class EndedTrial:
    """A trial that has ended, `what` in words, and the metric after each epoch, as far as it was heard of.

    `seconds` are from ask to tell. `reason` says why it has no value.
    """

    number: int
    state: str
    value: float | None = None
    seconds: float | None = None
    reason: str = ""
    what: str = ""
    values: tuple[float, ...] = ()


@dataclass
class Course:
    """Kept up trial by trial, so that a drawing costs the same after ten trials and after ten thousand.

    `best_so_far` is the best value after each complete trial, in the order in which they ended.
    """

    latest: list[EndedTrial] = field(default_factory=list)
    best: list[EndedTrial] = field(default_factory=list)
    best_so_far: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, study: Study) -> Course:
        """That of the trials that are there."""
        ranked = study.ranked()
        by_end = sorted(ranked, key=lambda trial: (trial.datetime_complete, trial.number))
        counted = [trial for trial in study.finished() if trial.datetime_complete is not None]
        latest = sorted(counted, key=lambda trial: (trial.datetime_complete, trial.number))[-SHOWN:]
        return cls(
            [ended_trial(study, trial) for trial in latest],
            [ended_trial(study, trial) for trial in ranked[:SHOWN]],
            _best_so_far([trial.value for trial in by_end if trial.value is not None], study.direction),
        )

    def add(self, trial: EndedTrial, direction: Direction) -> None:
        """`trial` has ended."""
        self.latest = [*self.latest, trial][-SHOWN:]
        if trial.value is None:
            return
        self.best_so_far += _best_so_far([*self.best_so_far[-1:], trial.value], direction)[-1:]
        sign = sign_of(direction)
        self.best = sorted([*self.best, trial], key=lambda one: -sign * (one.value or 0.0))[:SHOWN]


def _best_so_far(values: Sequence[float], direction: Direction) -> list[float]:
    def better(best: float, value: float) -> float:
        return value if is_better(value, best, direction) else best

    return list(accumulate(values, better))


def ended_trial(study: Study, trial: TrialRecord) -> EndedTrial:
    """`trial` of `study`, as its driver would have told it."""
    state = trial.state.name.lower()
    seconds = None
    if trial.datetime_start is not None and trial.datetime_complete is not None:
        seconds = (trial.datetime_complete - trial.datetime_start).total_seconds() + trial.seconds_before
    return EndedTrial(
        number=trial.number,
        state=state_word(state),
        value=trial.value if state == "complete" else None,
        seconds=seconds,
        reason=trial.reason or (trial.stop.text() if trial.stop is not None and state != "complete" else ""),
        what=_what(study, trial),
        values=tuple(trial.reported),
    )


def _what(study: Study, trial: TrialRecord) -> str:
    try:
        return trial.describe(study.space)
    except ValueError:  # Optuna's, of a parameter that a trial lacks which failed before it was drawn
        return ""
