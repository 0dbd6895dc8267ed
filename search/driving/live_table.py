"""Progress as a live table on a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from search.driving.progress import Progress, Tally
from search.driving.remaining import span
from search.text import formats
from search.text.printable import printable
from spaces.wording import quantity

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

    from search.workers.messages import EpochEvent, TrialOutcome
    from spaces import Hyperparameters


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

    def trial_rejected(self, number: int, why: str, *, counts: bool = False) -> None:
        super().trial_rejected(number, why, counts=counts)
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
        states = (
            ", ".join(f"{count:,} {state}" for state, count in sorted(tally.states.items())) or "none yet"
        )
        best = (
            "none yet" if tally.best is None else f"{formats.number(tally.best)} (trial {tally.best_number})"
        )
        head.add_row(
            "trials",
            f"{tally.finished:,}/{tally.budget:,}",
            ProgressBar(tally.budget, tally.finished, width=30),
        )
        head.add_row("ended", states, "")
        head.add_row(f"best {tally.metric}", Text(best, style="bold"), "")
        rate = tally.epochs_per_second()
        # Until an epoch has ended, workers start: neither is there a pace, nor is their start in the time left.
        pace = f"{quantity(rate, 2)} epochs/s" if tally.epochs else "no epoch yet"
        left = f", about {span(tally.time_left())} left" if tally.epochs else ""
        head.add_row("pace", pace, f"{formats.clock(tally.seconds())} gone{left}")
        if not self._rows:
            return Group(head, Text(printable(self._note), style="yellow")) if self._note else head
        running = Table(expand=False, box=None, header_style="dim")
        for column in ("trial", "epoch", tally.metric, "what it is"):
            running.add_column(column, no_wrap=column != "what it is")
        for number, row in list(self._rows.items()):
            value = "" if row.value is None else formats.number(row.value)
            running.add_row(str(number), f"{row.epoch:,}/{self._epochs:,}", value, row.words)
        return Group(head, running, Text(printable(self._note), style="yellow"))
