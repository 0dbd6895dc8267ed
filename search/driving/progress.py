"""How far a study is while it runs, counted; the ways to show it are subclasses of `Progress`."""

from __future__ import annotations

import os
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from search.driving.remaining import Interval, remaining_time
from search.settings.metrics import Direction, is_better
from search.text.printable import printable

if TYPE_CHECKING:
    from search.workers.messages import EpochEvent, TrialOutcome
    from spaces import Hyperparameters


@dataclass
class Tally:
    """Where a study stands, for any way of showing it."""

    study: str
    go_on: str
    metric: str
    direction: Direction
    budget: int
    finished: int = 0
    best: float | None = None
    best_number: int | None = None
    states: Counter[str] = field(default_factory=Counter)
    epochs: int = 0
    started: float = field(default_factory=time.monotonic)
    workers: int = 1
    durations: list[float] = field(default_factory=list)
    """Seconds of each ended trial, earlier runs of the study included."""
    begun: dict[int, float] = field(default_factory=dict)
    """When each running trial began."""
    timeout: float | None = None
    """Seconds after which this command ends whatever is left."""

    def seconds(self) -> float:
        """Since this command began to drive the study."""
        return time.monotonic() - self.started

    def epochs_per_second(self) -> float:
        return self.epochs / max(self.seconds(), 1e-9)

    def begin(self, number: int) -> None:
        self.begun[number] = time.monotonic()

    def end(self, number: int) -> None:
        """Trial `number` has ended for good."""
        if number in self.begun:
            self.durations.append(time.monotonic() - self.begun.pop(number))

    def time_left(self) -> Interval | None:
        """Seconds until the budget or the time is used up; None before two trials have ended."""
        now = time.monotonic()
        elapsed = [now - begun for begun in self.begun.values()]
        left = remaining_time(self.durations, self.budget - self.finished, self.workers, elapsed)
        if left is None or self.timeout is None:
            return left
        return left.at_most(max(self.timeout - self.seconds(), 0.0))


class Listener(Protocol):
    """Hears of all trials beside what the user sees. `epoch` is called by any thread."""

    def started(self, number: int, hyperparameters: Hyperparameters) -> None: ...

    def epoch(self, event: EpochEvent) -> None: ...

    def ended(self, number: int, outcome: TrialOutcome) -> None: ...

    def requeued(self, number: int) -> None: ...

    def close(self) -> None: ...


class Progress:
    """Counts what happens; subclasses show it. Methods are called by the driver alone, `epoch` by any thread."""

    listener: Listener | None = None

    def __init__(self, tally: Tally) -> None:
        self.tally = tally

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.listener:
            self.listener.close()

    def epoch(self, event: EpochEvent) -> None:
        """One epoch of one trial has ended."""
        self.tally.epochs += 1
        if self.listener:
            self.listener.epoch(event)

    def trial_started(self, number: int, hyperparameters: Hyperparameters, what: str) -> None:
        self.tally.begin(number)
        if self.listener:
            self.listener.started(number, hyperparameters)

    def trial_ended(self, number: int, outcome: TrialOutcome) -> None:
        if self.listener:
            self.listener.ended(number, outcome)
        tally = self.tally
        tally.end(number)
        tally.finished += 1
        tally.states[outcome.state] += 1
        if outcome.value is not None and is_better(outcome.value, tally.best, tally.direction):
            tally.best, tally.best_number = outcome.value, number

    def trial_requeued(self, number: int, why: str) -> None:
        del why
        self.tally.begun.pop(number, None)
        if self.listener:
            self.listener.requeued(number)

    def trial_rejected(self, number: int, why: str, *, counts: bool = False) -> None:
        """It was asked for and found too large to be trained; where it `counts`, no other is tried in its place."""
        del number, why
        if counts:
            self.tally.finished += 1
            self.tally.states["failed"] += 1

    def stopping(self, ending: str) -> None: ...

    def tick(self) -> None:
        """Called about twice a second."""

    def abandon(self) -> None:
        """The process is about to end at once, inside a signal handler."""
        with suppress(OSError):  # the terminal may be gone
            os.write(2, f"\nperceptuna: ended at once; go on with: {printable(self.tally.go_on)}\n".encode())
