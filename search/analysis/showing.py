"""Where a program shows a study while it runs: a notebook, a terminal, lines of text, or its log."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.driving.dispatcher import Listeners
from search.driving.listener import Listener
from search.text.printable import open_console, printable

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from search.driving.progress import Progress
    from search.study.study import Study
    from search.workers.messages import TrialOutcome

LOGGER = logging.getLogger("perceptuna")


def shown_here(*, in_background: bool = False) -> Listener:
    """A live table in a notebook and in a terminal, a line for each trial elsewhere.

    What runs in the background of a program draws nothing over its terminal, but tells the log `perceptuna`.
    """
    if (display := notebook_display()) is not None:
        from search.analysis.live_html import LiveHTML

        return LiveHTML(display)
    from search.analysis.terminal.lines import PlainLines

    if in_background:
        return PlainLines(lambda line: LOGGER.info("%s", printable(line)))
    if (terminal := open_console()).is_terminal:
        from search.analysis.terminal.live_table import LiveTable

        return LiveTable(terminal, write_line)
    return PlainLines(write_line)


def listeners_here(
    *more: Listener,
    tensorboard: str | Path | None = None,
    show: bool = True,
    in_background: bool = False,
) -> Listeners:
    """Who hears of a study that a program drives: `more`, and what it is shown by.

    Raises:
        InputError: no event files can be written to `tensorboard`.
    """
    shown = shown_here(in_background=in_background) if show else Listener()
    events: list[Listener] = []
    if tensorboard is not None:
        from search.analysis.tensorboard.live import LiveEvents, check_folder

        check_folder(Path(tensorboard))
        events.append(LiveEvents(Path(tensorboard), shown.said))
    return Listeners(*events, shown, *more, SecondInterrupt())


def notebook_display() -> Any:
    """IPython's `display`, where it reaches a notebook; None in a terminal and in a script."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    return display


def write_line(text: str) -> None:
    """One line on standard output, whatever it holds."""
    sys.stdout.write(printable(text) + "\n")
    sys.stdout.flush()


class EndedTrials(Listener):
    """Has `call` told of each trial that has ended, as Optuna has it."""

    def __init__(self, call: Callable[[Study, FrozenTrial], object]) -> None:
        self._call = call
        self._study: Study | None = None

    def opened(self, study: Study, progress: Progress) -> None:
        self._study = study

    def trial_ended(self, progress: Progress, number: int, outcome: TrialOutcome) -> None:
        assert self._study is not None  # it was opened
        self._call(self._study, self._study.trials()[number].optuna)


class SecondInterrupt(Listener):
    """A program goes on after Ctrl-C, and so does a notebook: the second one ends the study, not the process.

    What runs is then as after a kill: workers end, and resume runs their trials again. Told last of all listeners, as
    it raises KeyboardInterrupt.
    """

    def __init__(self) -> None:
        self._go_on = ""

    def opened(self, study: Study, progress: Progress) -> None:
        self._go_on = study.go_on

    def abandoned(self) -> None:
        raise KeyboardInterrupt(f"ended at once; go on with: {printable(self._go_on)}")
