"""Spaces and data as tables for a terminal; what all tables here share."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from search.text.formats import plural
from search.text.printable import printable
from spaces.wording import quantity

if TYPE_CHECKING:
    from search.data import DataSummary
    from search.data.preparing.summary import TargetSummary
    from spaces import Space

MOST_COLUMNS_SHOWN = 200


def space_table(name: str, space: Space) -> RenderableType:
    """`perceptuna space show`."""
    table = plain_table(["parameter", "kind", "tries", "only when"], space.rows())
    return Group(Text(printable(f"space {name}: {space.summary()}"), style="bold"), table)


def data_view(source: str, summary: DataSummary) -> RenderableType:
    """`perceptuna data show`."""
    facts = facts_table()
    given = {"validation": summary.given_validation, "test": summary.given_test}
    of_them = [f"{count:,} {part}" for part, count in given.items() if count]
    facts.add_row("rows", f"{summary.rows:,}" + (f", of them {' and '.join(of_them)}" if of_them else ""))
    if summary.split:
        facts.add_row("split", printable(summary.split))
    facts.add_row("one row", f"{summary.kind}, {_size(summary)}")
    facts.add_row("task", summary.task + (f" of '{summary.target}'" if summary.target else ""))
    if summary.imbalance is not None:
        shown = [f"{name} ({count:,})" for name, count in list(summary.classes.items())[:12]]
        more = f" and {len(summary.classes) - 12:,} more" if len(summary.classes) > 12 else ""
        facts.add_row("classes", f"{len(summary.classes):,}: {', '.join(shown)}{more}")
        facts.add_row("balance", f"largest class {summary.imbalance:.1f} times the smallest")
    for one in summary.targets[:MOST_COLUMNS_SHOWN]:
        facts.add_row(f"target '{printable(one.name)}'", _values_of(one))
    if (more_targets := len(summary.targets) - MOST_COLUMNS_SHOWN) > 0:
        facts.add_row("targets", f"and {more_targets:,} more: --json tells of all")
    if summary.target_range is not None:
        facts.add_row("target", " to ".join(map(quantity, summary.target_range)))
    facts.add_row("missing values", f"{summary.missing:,}")
    if summary.repeated:
        facts.add_row(
            "repeated rows",
            f"{summary.repeated:,} with the features of an earlier row, {summary.repeated_with_target:,} "
            "of them with its target too",
        )
    parts: list[RenderableType] = [Text(printable(f"data {source}"), style="bold"), facts]
    if summary.columns:
        rows = (
            (column.name, column.kind, f"{column.missing:,}", f"{column.distinct:,}", column.values)
            for column in summary.columns[:MOST_COLUMNS_SHOWN]
        )
        parts.append(plain_table(["column", "kind", "missing", "distinct", "values"], rows))
        if (more_columns := len(summary.columns) - MOST_COLUMNS_SHOWN) > 0:
            parts.append(f"… and {more_columns:,} more columns: --json tells of all")
    return Group(*parts, *(f"note: {note}" for note in summary.notes))


def _values_of(target: TargetSummary) -> str:
    if target.range is not None:
        return " to ".join(map(quantity, target.range))
    return ", ".join(f"{name} ({count:,})" for name, count in target.classes.items())


def _size(summary: DataSummary) -> str:
    if summary.kind == "table":
        return plural(len(summary.columns), "column")
    return " × ".join(f"{side:,}" for side in summary.input_shape) + " values" * (summary.kind == "vector")


def plain_table(
    headers: Sequence[str], rows: Iterable[Sequence[RenderableType]] = (), right: Container[int] = ()
) -> Table:
    """`rows` under `headers`, without lines; the columns numbered in `right` are set to the right."""
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for place, header in enumerate(headers):
        table.add_column(header, justify="right" if place in right else "left")
    for row in rows:
        table.add_row(*row)
    return table


def facts_table() -> Table:
    """For names and what they stand for, without headers."""
    table = plain_table(["", ""])
    table.show_header = False
    return table
