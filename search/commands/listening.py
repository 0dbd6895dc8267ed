"""Who listens to the commands that train: what is shown while they do, and what is said of how to go on."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from search.commands.output import console, echo, echo_line
from search.driving.dispatcher import Listeners
from search.driving.listener import Listener
from search.machine.interruption import go_on_with
from search.text.printable import printable

if TYPE_CHECKING:
    from search.driving.after_end import AfterEnd
    from search.driving.progress import Progress
    from search.study.study import Study


def after_end(notify_url: str | None, on_end: str | None) -> AfterEnd:
    """What was asked for the end of a study. Raises InputError where it cannot be."""
    from search.driving.after_end import AfterEnd

    return AfterEnd(notify_url, on_end, say=lambda remark: echo_line(f"perceptuna: {remark}", err=True))


def listeners(as_json: bool, tensorboard: Path | None = None, *more: Listener) -> Listeners:
    """Those of a command, and `more`; remarks go to standard error where standard output is for programs.

    Raises:
        InputError: no event files can be written to `tensorboard`.
    """
    shown = _shown(as_json)
    if tensorboard is None:
        return Listeners(shown, GoingOn(), *more)
    from search.analysis.tensorboard.live import LiveEvents, check_folder

    check_folder(tensorboard)
    return Listeners(LiveEvents(tensorboard, shown.said), shown, GoingOn(), *more)


def _shown(as_json: bool) -> Listener:
    from search.analysis.terminal.lines import JSONLines, PlainLines

    if as_json:
        return JSONLines(echo, say=lambda remark: echo_line(remark, err=True))
    if (terminal := console()).is_terminal:
        from search.analysis.terminal.live_table import LiveTable

        return LiveTable(terminal, echo_line)
    return PlainLines(echo_line)


class GoingOn(Listener):
    """Has it said to who interrupts how to go on."""

    def __init__(self) -> None:
        self._command = ""

    def opened(self, study: Study, progress: Progress) -> None:
        self._command = study.go_on
        go_on_with(study.go_on)

    def abandoned(self) -> None:
        with suppress(OSError):  # the terminal may be gone
            os.write(2, f"\nperceptuna: ended at once; go on with: {printable(self._command)}\n".encode())
