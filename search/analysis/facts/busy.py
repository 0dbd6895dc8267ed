"""The time in which trials of a study ran, without the pauses between commands."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

Span = tuple[datetime, datetime]


def merged(spans: Iterable[Span]) -> list[Span]:
    """Spans that overlap as one, in order."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


class Clock:
    """Seconds of study time: the clock without pauses in which nothing ran, of more than a `share` of the busy time.

    A study that was left on Friday and resumed on Monday has not searched over the weekend. `busy` is `merged`.
    """

    def __init__(self, busy: Sequence[Span], share: float = 0.0) -> None:
        self._first = busy[0][0]
        total = sum((end - start for start, end in busy), timedelta())
        self.pauses: list[tuple[float, float]] = []
        """Where each cut is, in study time, and how many seconds were cut out."""
        self._cuts = [self._first]
        self._cut_out = [timedelta()]
        for (_, end), (start, _) in pairwise(busy):
            if start - end > share * total:
                self.pauses.append((self.at(end), (start - end).total_seconds()))
                self._cuts.append(start)
                self._cut_out.append(self._cut_out[-1] + (start - end))

    def at(self, moment: datetime) -> float:
        cut_out = self._cut_out[max(0, bisect_right(self._cuts, moment) - 1)]
        return (moment - self._first - cut_out).total_seconds()
