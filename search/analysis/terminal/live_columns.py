"""The columns of the trials on the live screen: which there is room for, and how wide they are."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from search.analysis.facts.progress_rows import TrialRow
from search.analysis.terminal.chart import sparkline
from search.analysis.terminal.fitting import Line, cut

LABEL = 9
"""Columns of what stands before each line, with the blanks behind it."""
_CURVE, _SHORT_CURVE, _SHORTEST_CURVE = 10, 8, 4
_LEAST_WORDS, _ROOM_FOR_TIME, _ROOM_FOR_HEADERS = 14, 46, 72
_LONGEST_METRIC = 12


class LiveColumns:
    """Trial, epoch and value; the curve, what it is and the time, in that order, where there is room.

    `headers` is empty on a narrow terminal: the metric is named above.
    """

    def __init__(self, rows: Sequence[TrialRow], metric: str, width: int) -> None:
        headed = width >= _ROOM_FOR_HEADERS
        of_metric = metric if len(metric) <= _LONGEST_METRIC else "value"
        names = ("trial", "epoch", of_metric) if headed else ("", "", "")
        columns = zip(*((row.number, row.how, row.value) for row in rows), strict=True)
        self._figures = [
            max(map(cell_len, (name, *column))) for name, column in zip(names, columns, strict=True)
        ]
        left = width - LABEL - sum(self._figures) - 2 * len(self._figures)
        self._curve = _CURVE if left >= _CURVE + 2 + _LEAST_WORDS else min(_SHORT_CURVE, left)
        if self._curve < _SHORTEST_CURVE:
            self._curve = 0
        left -= self._curve + 2
        self._time = max(len(row.seconds) for row in rows) if left >= _ROOM_FOR_TIME else 0
        left -= self._time + 2 if self._time else 0
        self._words = left if left >= _LEAST_WORDS else 0
        self.headers: Line = ()
        if headed:
            self.headers = (" " * LABEL, ""), (self._laid_out(names, "", "time", "what it is"), "dim")

    def line(self, label: str, row: TrialRow) -> Line:
        """The line of `row`, behind `label`."""
        curve = sparkline(row.values, self._curve) if self._curve and len(row.values) > 1 else ""
        words = self._laid_out((row.number, row.how, row.value), curve, row.seconds, row.what)
        return (label.ljust(LABEL), "dim"), (words, "red" if row.how == "failed" else "")

    def _laid_out(self, figures: Sequence[str], curve: str, time: str, words: str) -> str:
        cells = [
            " " * (width - cell_len(figure)) + figure
            for figure, width in zip(figures, self._figures, strict=True)
        ]
        cells += [set_cell_size(curve, self._curve)] if self._curve else []
        cells += [time.rjust(self._time)] if self._time else []
        cells += [cut(words, self._words)] if self._words else []
        return "  ".join(cells).rstrip()
