"""A study while it runs, as lines that fit the terminal: how far it is, the time, the best, and its trials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment

from search.analysis.facts.progress_rows import (
    beside_forms,
    best_forms,
    doing,
    sections,
    states_forms,
    time_forms,
)
from search.analysis.terminal.chart import sparkline
from search.analysis.terminal.fitting import Line, Part, cut, fitted, fitting
from search.analysis.terminal.live_columns import LABEL, LiveColumns

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions

    from search.driving.progress import Progress

_SHORTEST_COURSE, _LONGEST_COURSE = 8, 30
_ROOM_FOR_TWO_LINES = 14
_BLANK: Line = ()


@dataclass(frozen=True)
class LiveScreen:
    """Where a study stands.

    Attributes:
        note: what has just happened.
        ctrl_c: what Ctrl-C does.
        go_on: the command that goes on afterwards, where there is one.
        is_over: then only where it stands is told; its leaderboard follows.
    """

    progress: Progress
    note: str = ""
    ctrl_c: str = ""
    go_on: str = ""
    is_over: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        height = options.height or console.size.height - 1
        for line in self.lines(options.max_width, height):
            yield from (Segment(words, console.get_style(style) if style else None) for words, style in line)
            yield Segment.line()

    def lines(self, width: int, height: int) -> list[Line]:
        """At most `height` lines, each at most `width` columns wide."""
        parts = [
            Part(0, [self._bar(width)]),
            Part(1, [_labelled("time", time_forms(self.progress, is_over=self.is_over), width)]),
            Part(2, [self._best(width)]),
        ]
        if (beside := beside_forms(self.progress))[0]:
            parts.append(Part(6, [_labelled("against", beside, width)]))
        if self.note:
            parts.append(Part(3, [((cut(self.note, width), "yellow"),)]))
        if self.is_over:
            return fitted(parts, height)
        if (now := doing(self.progress))[0]:
            parts.append(Part(3, [_labelled("now", now, width)]))
        parts += self._trials(width, height)
        if self.ctrl_c:
            parts += [Part(9, [_BLANK]), Part(5, self._way_out(width, height))]
        return fitted(parts, height)

    def _bar(self, width: int) -> Line:
        progress = self.progress
        count = f"{progress.finished:,}/{progress.budget:,}"
        states = fitting(states_forms(progress), width - LABEL - len(count) - 12)
        columns = min(30, max(8, width - LABEL - len(count) - len(states) - 4))
        done = min(columns, columns * progress.finished // max(1, progress.budget))
        bar = ("━" * done, "green"), ("─" * (columns - done), "dim")
        return ("trials".ljust(LABEL), "dim"), *bar, (f"  {count}", "bold"), (f" {states}".rstrip(), "")

    def _best(self, width: int) -> Line:
        """With the course of the best beside it, where it has one and there is room for it."""
        words = fitting(best_forms(self.progress), width - LABEL)
        room = min(_LONGEST_COURSE, width - LABEL - cell_len(words) - 2)
        course = self.progress.course.best_so_far
        curve = f"  {sparkline(course, room)}" if len(course) > 1 and room >= _SHORTEST_COURSE else ""
        style = "" if self.progress.best is None else "bold"
        return ("best".ljust(LABEL), "dim"), (words, style), (curve, "cyan")

    def _trials(self, width: int, height: int) -> list[Part]:
        # Rows beyond the height are counted, not drawn.
        found = [(name, rows) for name, rows in sections(self.progress) if rows]
        if not found:
            return []
        columns = LiveColumns([row for _, rows in found for row in rows], self.progress.metric, width)
        parts = [Part(9, [_BLANK])]
        if columns.headers:
            parts.append(Part(8, [columns.headers]))
        for name, rows in found:
            lines = [
                columns.line(name * (place == 0), row) if place < height else _BLANK
                for place, row in enumerate(rows)
            ]
            if name == "running":
                rest = f"{'':{LABEL}}… and {{:,}} more"
                parts.append(Part(4, lines, most=max(2, height // 3), least=min(2, len(lines)), rest=rest))
            else:
                parts.append(Part(7 if name == "last" else 8, lines, least=1))
        return parts

    def _way_out(self, width: int, height: int) -> list[Line]:
        """What Ctrl-C does and how to go on: on one line, on two, or the first half."""
        if not self.go_on:
            return [((cut(self.ctrl_c, width), "dim"),)]
        words = f"{self.ctrl_c}; go on by `{self.go_on}`"
        if cell_len(words) <= width:
            return [((words, "dim"),)]
        if height >= _ROOM_FOR_TWO_LINES and cell_len(self.go_on) + 2 <= width:
            return [((cut(f"{self.ctrl_c}; go on by", width), "dim"),), ((f"  {self.go_on}", "dim"),)]
        return [((cut(self.ctrl_c, width), "dim"),)]


def _labelled(label: str, forms: tuple[str, ...], width: int) -> Line:
    return (label.ljust(LABEL), "dim"), (fitting(forms, width - LABEL), "")
