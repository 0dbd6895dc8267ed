"""A study while it runs, drawn over itself in a terminal."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from search.driving.listener import Ending, Listener
from search.text.printable import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live

    from search.analysis.terminal.live_screen import LiveScreen
    from search.driving.progress import Progress
    from search.study.study import Study

_SECONDS = 0.5
"""Between two drawings at least."""
_DONE_NOW = " …"
"""A remark that ends so says what is done now."""


class LiveTable(Listener):
    """What is said, line by line; below it the screen of the study that runs.

    Args:
        leaves: what Ctrl-C does where it does not end the study.
    """

    def __init__(self, console: Console, say: Callable[[str], None], leaves: str = "") -> None:
        self._console = console
        self._say = say
        self._note = ""
        self._ctrl_c, self._go_on = leaves, ""
        self._live: Live | None = None
        self._drawn = float("-inf")

    def said(self, remark: str) -> None:
        if self._live is None or not remark.endswith(_DONE_NOW):
            self._write(remark)

    def opened(self, study: Study, progress: Progress) -> None:
        from search.analysis.facts.plan import plan_rows
        from search.analysis.terminal.live_columns import LABEL

        for label, words in plan_rows(study, progress):
            self._write(label.ljust(LABEL) + words, indent=LABEL)
        self._ctrl_c, self._go_on = "Ctrl-C: end after this epoch", printable(study.go_on)

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
        self._note = f"{ending}: trials end at their next epoch"
        self._ctrl_c = "Ctrl-C again: end at once"

    def ticked(self, progress: Progress) -> None:
        if time.monotonic() - self._drawn >= _SECONDS:
            self._draw(self.drawn(progress))

    def closed(self, progress: Progress) -> None:
        assert self._live is not None
        self._draw(self.drawn(progress, is_over=True))
        self._live.stop()
        self._live = None

    def abandoned(self) -> None:
        self._console.show_cursor(True)

    def drawn(self, progress: Progress, *, is_over: bool = False) -> LiveScreen:
        """The screen as it is now."""
        from search.analysis.terminal.live_screen import LiveScreen

        return LiveScreen(progress, self._note, self._ctrl_c, self._go_on, is_over)

    def _draw(self, screen: LiveScreen) -> None:
        assert self._live is not None
        self._live.update(screen, refresh=True)
        self._drawn = time.monotonic()

    def _write(self, remark: str, indent: int = 2) -> None:
        """`remark`, broken between words where it is wider than the terminal."""
        lines = textwrap.wrap(
            printable(remark),
            self._console.width,
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in lines or [""]:
            self._say(line)
