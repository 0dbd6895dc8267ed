"""A study while it runs, as a live table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from search.analysis.facts.progress_rows import (
    compared_with,
    running_columns,
    running_rows,
    standing_rows,
)
from search.driving.listener import Ending, Listener
from search.text.printable import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.table import Table

    from search.driving.progress import Progress


class LiveTable(Listener):
    """A table that is drawn over itself: the best so far, states, pace, and each running trial."""

    def __init__(self, console: Console, say: Callable[[str], None]) -> None:
        self._console = console
        self._say = say
        self._note = ""
        self._live: Live | None = None

    def said(self, remark: str) -> None:
        self._say(remark)

    def workers_started(self, progress: Progress) -> None:
        from rich.live import Live

        self._note = ""
        self._live = Live(self.drawn(progress), console=self._console, auto_refresh=False, transient=False)
        self._live.start()

    def trial_requeued(self, progress: Progress, number: int, why: str, epoch: int) -> None:
        later = f"go on after epoch {epoch:,}" if epoch else "be run again"
        self._note = f"trial {number}: {why}; it will {later}"

    def trial_rejected(self, progress: Progress, number: int, why: str) -> None:
        self._note = f"trial {number}: not trained, {why}"

    def stopping(self, progress: Progress, ending: Ending) -> None:
        self._note = f"{ending}: running trials end at their next epoch (Ctrl-C again: at once)"

    def ticked(self, progress: Progress) -> None:
        assert self._live is not None
        self._live.update(self.drawn(progress), refresh=True)

    def closed(self, progress: Progress) -> None:
        assert self._live is not None
        self._live.update(self.drawn(progress), refresh=True)
        self._live.stop()

    def abandoned(self) -> None:
        self._console.show_cursor(True)

    def drawn(self, progress: Progress) -> RenderableType:
        """The table as it is now."""
        from rich.console import Group
        from rich.text import Text

        beside = [line] if (line := compared_with(progress)) else []
        head, note = Group(_head(progress), *beside), Text(printable(self._note), style="yellow")
        if progress.running:
            return Group(head, _running(progress), note)
        return Group(head, note) if self._note else head


def _head(progress: Progress) -> Table:
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    head = Table.grid(padding=(0, 2))
    (trials, count, _), ended, (metric, best, _), pace = standing_rows(progress)
    head.add_row(trials, count, ProgressBar(progress.budget, progress.finished, width=30))
    head.add_row(*ended)
    head.add_row(metric, Text(best, style="bold"), "")
    head.add_row(*pace)
    return head


def _running(progress: Progress) -> Table:
    from rich.table import Table

    running = Table(expand=False, box=None, header_style="dim")
    for column in running_columns(progress):
        running.add_column(column, no_wrap=column != "what it is")
    for row in running_rows(progress):
        running.add_row(*row)
    return running
