"""A table that leaves out columns by rank where a terminal is too narrow, so that what is shown is whole."""

from __future__ import annotations

from collections.abc import Container, Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult

from search.analysis.terminal.tables import plain_table
from search.text.printable import printable

_GAP = 2


class RankedTable:
    """`rows` under `headers`.

    Args:
        right: places of the columns that are set to the right.
        leave_out: names of the columns that may be left out, the first of them first.
    """

    def __init__(
        self,
        headers: Sequence[str],
        rows: Sequence[Sequence[str]],
        right: Container[int] = (),
        leave_out: Sequence[str] = (),
    ) -> None:
        self._headers, self._right, self._leave_out = headers, right, leave_out
        self._rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        places = self.places(options.max_width)
        right = {at for at, place in enumerate(places) if place in self._right}
        rows = [[row[place] for place in places] for row in self._rows]
        table = plain_table([self._headers[place] for place in places], rows, right)
        # A name, and words at the end, that are too long all the same are broken; what is between them is not.
        for column in table.columns[1:] if len(places) - 1 in right else table.columns[1:-1]:
            column.no_wrap = True
        yield table

    def places(self, width: int) -> list[int]:
        """The columns that fit into `width`, or those that cannot be left out."""
        widths = [
            max([cell_len(header), *(cell_len(printable(row[place])) for row in self._rows)])
            for place, header in enumerate(self._headers)
        ]
        shown = list(range(len(self._headers)))
        for name in self._leave_out:
            if sum(widths[place] + _GAP for place in shown) - _GAP <= width:
                break
            shown = [place for place in shown if self._headers[place] != name]
        return shown
