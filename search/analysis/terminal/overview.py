"""All studies of a database in the terminal, a line each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from search.analysis.facts.overview import Overview
from search.analysis.terminal.ranked_table import RankedTable
from search.text.formats import duration, number, share_done

_HEADERS = ("study", "state", "trials", "metric", "best", "began", "ran", "owner", "driver", "data")
_LEFT_OUT = ("driver", "data", "owner", "ran", "metric", "began", "best")


def overview_table(rows: list[Overview], owners: Mapping[str, str], now: datetime) -> RankedTable:
    """`perceptuna list`; `owners` by study, of those that were handed in to a service."""
    lines = [
        (
            f"{row.study} (about {row.companion_of})" if row.companion_of else row.study,
            row.state,
            share_done(row.finished, row.budget),
            ", ".join(row.aims) or row.metric or "",
            # Of several aims none is the best: how far the first one goes.
            f"to {number(row.best)}" if row.aims and row.best is not None else number(row.best),
            _ago(row.began, now),
            duration(row.seconds),
            owners.get(row.study, ""),
            row.driver or "",
            Path(row.data).name if row.data else "",
        )
        for row in rows
    ]
    # A column that says nothing of any study takes room from the others.
    told = [name for place, name in enumerate(_HEADERS) if any(line[place] for line in lines)]
    places = [_HEADERS.index(name) for name in told]
    shown = [[line[place] for place in places] for line in lines]
    right = {told.index(name) for name in ("trials", "best", "began", "ran") if name in told}
    return RankedTable(told, shown, right, _LEFT_OUT)


def _ago(began: str | None, now: datetime) -> str:
    if began is None:
        return "–"
    seconds = (now - datetime.fromisoformat(began)).total_seconds()
    return f"{duration(max(0.0, round(seconds)))} ago"
