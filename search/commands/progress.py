"""What commands that train say while they do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from search.commands.output import console, echo, echo_line
from search.machine.interruption import go_on_with
from search.running.reporter import Reporter

if TYPE_CHECKING:
    from search.driving.progress import Progress
    from search.settings.settings import StudySettings
    from search.study.study import Study


def reporter(as_json: bool, tensorboard: Path | None = None) -> Reporter:
    """Tells what is done on this terminal; remarks go to standard error where standard output is for programs.

    Raises:
        InputError: no event files can be written to `tensorboard`.
    """
    if tensorboard is not None:
        from search.analysis.tensorboard.live import check_folder

        check_folder(tensorboard)

    def say(text: str) -> None:
        echo_line(text, err=as_json)

    def progress_of(study: Study, settings: StudySettings) -> Progress:
        from search.analysis.facts.pace import durations
        from search.driving.lines import JSONLines, PlainLines
        from search.driving.live_table import LiveTable
        from search.driving.progress import Tally

        go_on_with(study.go_on)
        best = study.best_trial()
        finished = len(study.finished())
        tally = Tally(
            study=study.name,
            go_on=study.go_on,
            metric=study.metric,
            direction=study.direction,
            budget=settings.trials,
            finished=finished,
            workers=settings.local_workers(),
            durations=durations(study),
            timeout=settings.timeout,
            best=None if best is None else best.value,
            best_number=None if best is None else best.number,
        )
        progress: Progress
        if as_json:
            progress = JSONLines(tally, echo)
        elif (terminal := console()).is_terminal:
            progress = LiveTable(tally, terminal, settings.epochs)
        else:
            progress = PlainLines(tally, echo_line)
        if tensorboard is not None:
            from search.analysis.tensorboard.live import LiveEvents

            progress.listener = LiveEvents(study, tensorboard, say)
        return progress

    return Reporter(say, progress_of)
