"""How far a study is while it runs: counts, the best so far, the time that is left. Held once, for all who listen."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from search.driving.course import Course, EndedTrial
from search.driving.remaining import Interval, remaining_time
from search.references.record import ReferenceName, References
from search.settings.metrics import Direction, is_better

if TYPE_CHECKING:
    from search.study.left_off import LeftOff
    from search.study.study import Study
    from search.workers.messages import EpochEvent


@dataclass
class RunningTrial:
    """A trial on a worker, `what` in words, since `begun`; and how it stood at the end of its last epoch.

    `values` are the metric after each epoch, as far as they came.
    """

    what: str
    begun: float = field(default_factory=time.monotonic)
    epoch: int = 0
    value: float | None = None
    values: list[float] = field(default_factory=list)


@dataclass
class Progress:
    """Where a study stands. `search.driving.dispatcher` counts; whoever listens reads."""

    study: str
    metric: str
    direction: Direction
    budget: int
    epochs_of_a_trial: int
    """At most, unless it was planned with others."""
    finished: int = 0
    best: float | None = None
    best_number: int | None = None
    has_several_aims: bool = False
    states: Counter[str] = field(default_factory=Counter)
    """Of the trials that ended since this command drives the study."""
    epochs: int = 0
    started: float = field(default_factory=time.monotonic)
    workers: int = 1
    durations: list[float] = field(default_factory=list)
    """Seconds of each ended trial, earlier runs of the study included."""
    running: dict[int, RunningTrial] = field(default_factory=dict)
    references: References = field(default_factory=References)
    to_fit: tuple[ReferenceName, ...] = ()
    """Reference models that this command fits beside the trials."""
    course: Course = field(default_factory=Course)
    timeout: float | None = None
    """Seconds after which this command ends whatever is left."""
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def of(cls, study: Study, to_fit: tuple[ReferenceName, ...] = ()) -> Progress:
        """Where `study` stands before it is driven by a command that fits the reference models `to_fit`."""
        best, settings = study.best_trial(), study.settings
        return cls(
            study=study.name,
            metric=study.metric,
            direction=study.direction,
            budget=settings.trials,
            epochs_of_a_trial=settings.most_epochs,
            finished=len(study.finished()),
            best=None if best is None else best.value,
            best_number=None if best is None else best.number,
            workers=settings.local_workers(),
            durations=durations(study),
            references=study.record.references,
            to_fit=to_fit,
            course=Course.of(study),
            timeout=settings.timeout,
            has_several_aims=study.has_several_aims,
        )

    @property
    def best_called(self) -> str:
        """No trial is the best of several aims: one is the best by the first."""
        return f"best {self.metric}" if self.has_several_aims else "best"

    def seconds(self) -> float:
        """Since this command began to drive the study."""
        return self.clock() - self.started

    def limit_left(self) -> float | None:
        """Seconds until this command ends whatever is left; None without a limit."""
        return None if self.timeout is None else max(self.timeout - self.seconds(), 0.0)

    def epochs_per_second(self) -> float:
        return self.epochs / max(self.seconds(), 1e-9)

    def begin(self, number: int, what: str, left_off: LeftOff | None = None) -> None:
        """Trial `number` has begun, or goes on from where it was `left_off`."""
        self.running[number] = trial = RunningTrial(what, self.clock())
        if left_off is not None:
            trial.epoch, trial.begun = left_off.epoch, trial.begun - left_off.seconds

    def epoch(self, event: EpochEvent) -> None:
        """A trial has ended an epoch, or tells of one before. By any thread."""
        self.epochs += not event.again
        if trial := self.running.get(event.number):
            trial.epoch = max(trial.epoch, event.epoch) if event.again else event.epoch
            trial.value = event.value
            trial.values.append(event.value)

    def give_up(self, number: int) -> None:
        """Trial `number` is run again under another number: its time so far is no trial's duration."""
        self.running.pop(number, None)

    def end(self, number: int, state: str, value: float | None = None, reason: str = "") -> bool:
        """Trial `number` has ended for good; whether it is the best so far."""
        trial, seconds = self.running.pop(number, None), None
        if trial is not None:
            seconds = self.clock() - trial.begun
            self.durations.append(seconds)
        what, values = ("", ()) if trial is None else (trial.what, tuple(trial.values))
        self.course.add(EndedTrial(number, state, value, seconds, reason, what, values), self.direction)
        self.finished += 1
        self.states[state] += 1
        if value is None or not is_better(value, self.best, self.direction):
            return False
        self.best, self.best_number = value, number
        return True

    def time_left(self) -> Interval | None:
        """Seconds until the budget or the time is used up; None before two trials have ended."""
        now, limit = self.clock(), self.limit_left()
        elapsed = [now - trial.begun for trial in self.running.values()]
        left = remaining_time(self.durations, self.budget - self.finished, self.workers, elapsed)
        return left if left is None or limit is None else left.at_most(limit)


def durations(study: Study) -> list[float]:
    """Wall seconds of each finished trial, from ask to tell, in the order in which they ended.

    Those of attempts that it went on from are counted with it.
    """
    ended = [
        (trial.datetime_complete, trial.datetime_complete - trial.datetime_start, trial.seconds_before)
        for trial in study.finished()
        if trial.datetime_complete and trial.datetime_start
    ]
    return [duration.total_seconds() + before for _, duration, before in sorted(ended)]
