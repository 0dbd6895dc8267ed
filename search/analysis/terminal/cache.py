"""Prepared data in the cache folder, in the terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from search.analysis.terminal.tables import plain_table
from search.study.cached_data import CachedData
from search.text.formats import duration, fine_size, size
from search.text.printable import printable


def cache_view(folder: Path, data: list[CachedData], limit: int, now: float) -> RenderableType:
    """`perceptuna cache`; `now` is in seconds since 1970."""
    used = sum(one.bytes for one in data)
    total = Text(printable(f"{fine_size(used)} of at most {size(limit)} in {folder}"))
    if not data:
        return total
    table = plain_table(["data", "kind", "rows", "size", "last used", ""])
    for one in data:
        ago = "in the last hour" if now - one.last_used < 3600 else f"{duration(now - one.last_used)} ago"
        table.add_row(
            printable(one.source or "cannot be read"),
            one.kind or "–",
            "–" if one.rows is None else f"{one.rows:,}",
            fine_size(one.bytes),
            ago,
            "in use" if one.in_use else "",
        )
    return Group(table, total)
