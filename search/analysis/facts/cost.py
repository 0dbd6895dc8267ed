"""What a study cost: epochs, time of its workers, time on the clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from search.analysis.facts.busy import Span, merged
from search.study.trial_record import TrialRecord


@dataclass(frozen=True)
class Cost:
    """All attempts counted, those that were run again too, since they cost as much; each epoch that was run, once.

    `worker_seconds` is the sum over trials from ask to tell; `wall_seconds` the time in which at least one ran,
    so that pauses between `run` and `resume` do not count. `begun` and `ended` are None before the first trial.
    """

    attempts: int
    epochs: int
    worker_seconds: float
    wall_seconds: float
    begun: datetime | None
    ended: datetime | None

    @property
    def at_once(self) -> float:
        """Trials that ran at the same time, on average."""
        return self.worker_seconds / self.wall_seconds if self.wall_seconds else 0.0


def cost_of(trials: Iterable[TrialRecord], now: datetime) -> Cost:
    """The cost so far; a trial that still runs is counted up to `now`."""
    begun = [trial for trial in trials if trial.datetime_start is not None]
    spans = [span_of(trial, now) for trial in begun]
    return Cost(
        attempts=len(begun),
        epochs=sum(max(epochs_run(trial) - trial.epochs_before, 0) for trial in begun),
        worker_seconds=sum(_seconds(span) for span in spans),
        wall_seconds=sum(_seconds(span) for span in merged(spans)),
        begun=min((start for start, _ in spans), default=None),
        ended=max((end for _, end in spans), default=None),
    )


def span_of(trial: TrialRecord, now: datetime) -> Span:
    """From ask to tell, or to `now`."""
    start = trial.datetime_start or now
    return start, max(start, trial.datetime_complete or now)


def epochs_run(trial: TrialRecord) -> int:
    """Epochs that a trial ran, from its own count or from what it reported."""
    return int(trial.epochs or max(trial.intermediate_values, default=0))


def _seconds(span: Span) -> float:
    return (span[1] - span[0]).total_seconds()
