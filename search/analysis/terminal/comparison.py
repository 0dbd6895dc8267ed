"""Studies side by side, in the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType

from search.analysis.facts.comparison import Comparison, rows_of, sentences_of, settings_sentence
from search.analysis.terminal.tables import plain_table
from search.text.printable import printable


def comparison_view(comparison: Comparison) -> RenderableType:
    """`perceptuna compare`."""
    names = [one.study for one in comparison.studies]
    parts: list[RenderableType] = [plain_table(["", *names], _printable(rows_of(comparison)))]
    if comparison.settings:
        rows = [(name, *values) for name, values in comparison.settings]
        parts += ["", plain_table(["what differs", *names], _printable(rows))]
    if comparison.space:
        parts += ["", f"space, from {names[0]} on:", *(f"  {printable(line)}" for line in comparison.space)]
    said = [settings_sentence(comparison), *sentences_of(comparison)]
    return Group(*parts, "", *(printable(line) for line in said if line))


def _printable(rows: list[tuple[str, ...]]) -> list[list[str]]:
    return [[printable(cell) for cell in row] for row in rows]
