"""A study while it runs, in a notebook: an HTML table in the output of its cell, which is drawn anew."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from search.analysis.facts.progress_rows import (
    TrialRow,
    beside_forms,
    best_forms,
    doing,
    sections,
    states_forms,
    time_forms,
)
from search.analysis.terminal.chart import sparkline
from search.driving.listener import Ending, Listener

if TYPE_CHECKING:
    from search.driving.progress import Progress
    from search.study.study import Study

Show = Callable[..., Any]
"""IPython's `display`: with `display_id=True` it returns a handle, whose `update` replaces what is shown."""

_SECONDS = 1.0
_REMARKS = 30
_CURVE = 16


class LiveHTML(Listener):
    """What is said so far, and where the study stands, about once a second. Needs no widgets.

    A notebook that cannot be reached any more does no harm to the study: what cannot be shown is left out.
    """

    def __init__(self, show: Show) -> None:
        self._show = show
        self._handle: Any = None
        self._remarks: list[str] = []
        self._drawn = float("-inf")

    def said(self, remark: str) -> None:
        self._remarks = [*self._remarks, remark][-_REMARKS:]
        self._draw(page(self._remarks, None))

    def opened(self, study: Study, progress: Progress) -> None:
        from search.analysis.facts.plan import plan_rows

        for label, words in plan_rows(study, progress):
            self._remarks.append(f"{label}: {words}")
        ends = "the stop button ends trials at their next epoch"
        if study.companion_of is None:
            ends += f"; go on by pt.load_study({study.name!r}).resume()"
        self._note(progress, ends)

    def trial_requeued(self, progress: Progress, number: int, why: str, epoch: int) -> None:
        later = f"go on after epoch {epoch:,}" if epoch else "be run again"
        self._note(progress, f"trial {number}: {why}; it will {later}")

    def trial_rejected(self, progress: Progress, number: int, why: str) -> None:
        self._note(progress, f"trial {number}: not trained, {why}")

    def stopping(self, progress: Progress, ending: Ending) -> None:
        self._note(progress, f"{ending}: running trials end at their next epoch")

    def ticked(self, progress: Progress) -> None:
        if time.monotonic() - self._drawn > _SECONDS:
            self._draw(page(self._remarks, progress))

    def closed(self, progress: Progress) -> None:
        self._draw(page(self._remarks, progress))

    def _note(self, progress: Progress, remark: str) -> None:
        self._remarks = [*self._remarks, remark][-_REMARKS:]
        self._draw(page(self._remarks, progress))

    def _draw(self, shown: str) -> None:
        self._drawn = time.monotonic()
        shapes = {"text/html": shown, "text/plain": "\n".join(self._remarks)}
        try:
            if self._handle is None:
                self._handle = self._show(shapes, raw=True, display_id=True)
            else:
                self._handle.update(shapes, raw=True)
        except OSError:
            self._show, self._handle = _nothing, None


def page(remarks: Iterable[str], progress: Progress | None) -> str:
    """The remarks as lines, and where the study stands as tables. All text is escaped."""
    told = "".join(f"<div>{html.escape(remark)}</div>" for remark in remarks)
    if progress is None:
        return f"<div>{told}</div>"
    bar = f'<progress max="{progress.budget}" value="{progress.finished}"></progress>'
    count = f"{progress.finished:,}/{progress.budget:,}"
    told_of = {"time": time_forms(progress), "against": beside_forms(progress), "now": doing(progress)}
    rows = [_row(("trials", f"{count} {states_forms(progress)[0]}".rstrip()), bar)]
    course = sparkline(progress.course.best_so_far) if len(progress.course.best_so_far) > 1 else ""
    rows.append(_row(("best", f"{best_forms(progress)[0]}  {course}".rstrip())))
    rows += [_row((label, forms[0])) for label, forms in told_of.items() if forms[0]]
    return f"<div>{told}<table>{''.join(rows)}</table>{_trials(progress)}</div>"


def _trials(progress: Progress) -> str:
    """Trials that run, the last and the best ones; empty before there is one."""
    rows = [
        _row((name * (place == 0), *_cells(trial)))
        for name, trials in sections(progress)
        for place, trial in enumerate(trials)
    ]
    headers = ("", "trial", "epoch", progress.metric, "", "time", "what it is")
    return f"<table>{_row(headers, tag='th')}{''.join(rows)}</table>" if rows else ""


def _cells(trial: TrialRow) -> tuple[str, ...]:
    curve = sparkline(trial.values, _CURVE) if len(trial.values) > 1 else ""
    return trial.number, trial.how, trial.value, curve, trial.seconds, trial.what


def _row(words: Iterable[str], more: str = "", tag: str = "td") -> str:
    cells = [*(html.escape(word) for word in words), *([more] if more else [])]
    style = ' style="text-align: left"'
    return f"<tr>{''.join(f'<{tag}{style}>{cell}</{tag}>' for cell in cells)}</tr>"


def _nothing(*shapes: object, **how: object) -> None: ...
