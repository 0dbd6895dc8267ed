"""What a user sees while a study runs: a live table on a terminal, plain lines in a pipe, JSON for programs."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from search.driving.remaining import Interval, clock, remaining_time, span
from search.metrics import Direction, is_better
from search.workers.trial import EpochEvent, TrialOutcome

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

    from spaces import Hyperparameters


@dataclass
class Tally:
    """Where a study stands, for any way of showing it."""

    study: str
    resume: str
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

    def trial_rejected(self, number: int, why: str) -> None:
        """It was asked for and found too large to be trained."""

    def stopping(self, ending: str) -> None: ...

    def tick(self) -> None:
        """Called about twice a second."""

    def abandon(self) -> None:
        """The process is about to end at once, inside a signal handler."""
        os.write(2, f"\nperceptuna: ended at once; go on with: {self.tally.resume}\n".encode())


class PlainLines(Progress):
    """A line per trial: for pipes and logs."""

    def __init__(self, tally: Tally, write: Callable[[str], None]) -> None:
        super().__init__(tally)
        self._write = write
        self._words: dict[int, str] = {}

    def trial_started(self, number: int, hyperparameters: Hyperparameters, what: str) -> None:
        super().trial_started(number, hyperparameters, what)
        self._words[number] = what

    def trial_ended(self, number: int, outcome: TrialOutcome) -> None:
        super().trial_ended(number, outcome)
        tally = self.tally
        end = f"{tally.metric} {outcome.value:.4f}" if outcome.value is not None else outcome.reason
        best = "" if tally.best is None else f" | best {tally.best:.4f} (trial {tally.best_number})"
        self._write(
            f"[{tally.finished}/{tally.budget}] trial {number} {outcome.state}: {end} "
            f"| {self._words.pop(number, '')}{best} | left {span(tally.time_left())}"
        )

    def trial_requeued(self, number: int, why: str) -> None:
        super().trial_requeued(number, why)
        self._write(f"trial {number}: {why}; it will be run again with the same hyperparameters and seed")

    def trial_rejected(self, number: int, why: str) -> None:
        self._write(f"trial {number}: not trained, {why}")

    def stopping(self, ending: str) -> None:
        self._write(f"{ending}: running trials end at their next epoch …")


class JSONLines(Progress):
    """One JSON object per line: for programs."""

    def __init__(self, tally: Tally, write: Callable[[str], None]) -> None:
        super().__init__(tally)
        self._write = write

    def _event(self, event: str, **fields: Any) -> None:
        self._write(json.dumps({"event": event, "study": self.tally.study, **fields}))

    def trial_started(self, number: int, hyperparameters: Hyperparameters, what: str) -> None:
        super().trial_started(number, hyperparameters, what)
        self._event("trial_started", trial=number, hyperparameters=hyperparameters.model_dump(mode="json"))

    def trial_ended(self, number: int, outcome: TrialOutcome) -> None:
        super().trial_ended(number, outcome)
        left = self.tally.time_left()
        self._event(
            "trial_ended",
            trial=number,
            state=outcome.state,
            value=outcome.value,
            epochs=outcome.epochs,
            reason=outcome.reason or None,
            best=self.tally.best,
            finished=self.tally.finished,
            budget=self.tally.budget,
            seconds_left=left.to_json() if left else None,
        )

    def trial_requeued(self, number: int, why: str) -> None:
        super().trial_requeued(number, why)
        self._event("trial_requeued", trial=number, reason=why)

    def trial_rejected(self, number: int, why: str) -> None:
        self._event("trial_rejected", trial=number, reason=why)

    def stopping(self, ending: str) -> None:
        self._event("stopping", reason=ending)


@dataclass
class _Row:
    words: str
    epoch: int = 0
    value: float | None = None


class LiveTable(Progress):
    """A table that is drawn over itself: the best so far, states, pace, and each running trial."""

    def __init__(self, tally: Tally, console: Console, epochs: int) -> None:
        super().__init__(tally)
        self._console = console
        self._epochs = epochs
        self._rows: dict[int, _Row] = {}
        self._note = ""
        self._live: Live | None = None

    def __enter__(self) -> Progress:
        from rich.live import Live

        self._live = Live(self._draw(), console=self._console, auto_refresh=False, transient=False)
        self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._live is not None
        self._live.update(self._draw(), refresh=True)
        self._live.stop()
        super().__exit__(*exception)

    def epoch(self, event: EpochEvent) -> None:
        super().epoch(event)
        row = self._rows.get(event.number)
        if row is not None:
            row.epoch, row.value = event.epoch, event.value

    def trial_started(self, number: int, hyperparameters: Hyperparameters, what: str) -> None:
        super().trial_started(number, hyperparameters, what)
        self._rows[number] = _Row(what)

    def trial_ended(self, number: int, outcome: TrialOutcome) -> None:
        super().trial_ended(number, outcome)
        self._rows.pop(number, None)

    def trial_requeued(self, number: int, why: str) -> None:
        super().trial_requeued(number, why)
        self._rows.pop(number, None)
        self._note = f"trial {number}: {why}; it will be run again"

    def trial_rejected(self, number: int, why: str) -> None:
        self._note = f"trial {number}: not trained, {why}"

    def stopping(self, ending: str) -> None:
        self._note = f"{ending}: running trials end at their next epoch (Ctrl-C again: at once)"

    def tick(self) -> None:
        assert self._live is not None
        self._live.update(self._draw(), refresh=True)

    def abandon(self) -> None:
        self._console.show_cursor(True)
        super().abandon()

    def _draw(self) -> RenderableType:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        tally = self.tally
        head = Table.grid(padding=(0, 2))
        states = ", ".join(f"{count} {state}" for state, count in sorted(tally.states.items())) or "none yet"
        best = "none yet" if tally.best is None else f"{tally.best:.4f} (trial {tally.best_number})"
        head.add_row(
            "trials", f"{tally.finished}/{tally.budget}", ProgressBar(tally.budget, tally.finished, width=30)
        )
        head.add_row("ended", states, "")
        head.add_row(f"best {tally.metric}", Text(best, style="bold"), "")
        pace = f"{tally.epochs_per_second():.1f} epochs/s"
        head.add_row("pace", pace, f"{clock(tally.seconds())} gone, about {span(tally.time_left())} left")
        if not self._rows:
            return Group(head, Text(self._note, style="yellow")) if self._note else head
        running = Table(expand=False, box=None, header_style="dim")
        for column in ("trial", "epoch", tally.metric, "what it is"):
            running.add_column(column, no_wrap=column != "what it is")
        for number, row in list(self._rows.items()):
            value = "" if row.value is None else f"{row.value:.4f}"
            running.add_row(str(number), f"{row.epoch}/{self._epochs}", value, row.words)
        return Group(head, running, Text(self._note, style="yellow"))
