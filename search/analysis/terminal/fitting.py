"""What a terminal has room for: words in their shorter form, parts of a screen by rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from search.text.printable import printable


def cut(words: str, width: int) -> str:
    """`words` in `width` columns; an ellipsis stands for what is left out."""
    words = printable(words)
    if cell_len(words) <= width:
        return words
    return set_cell_size(words, width - 1).rstrip() + "…" if width > 1 else ""


def fitting(forms: Sequence[str], width: int) -> str:
    """The first of `forms`, the longest first, that fits into `width` columns; else the last, cut."""
    return next((form for form in forms if cell_len(printable(form)) <= width), cut(forms[-1], width))


Line = tuple[tuple[str, str], ...]
"""Pieces of one line of a screen, each with its style. Rich's Text takes several times as long to print."""


@dataclass(frozen=True)
class Part:
    """Lines of a screen. Where there is no room for all parts, those of the highest `rank` are left out.

    Attributes:
        most: lines beyond which it takes room only when all others have theirs.
        least: lines that it makes sense with; None: all. Fewer than all are the first.
        rest: what stands in place of the last line where not all are shown, with `{}` for how many are left out.
    """

    rank: int
    lines: Sequence[Line]
    most: int = 1000
    least: int | None = None
    rest: str = ""


def fitted(parts: Sequence[Part], height: int) -> list[Line]:
    """The lines of `parts` in their order, `height` at most."""
    given = [0] * len(parts)
    for bounded in (True, False):
        for place, part in sorted(enumerate(parts), key=lambda one: one[1].rank):
            least = len(part.lines) if part.least is None else part.least
            wanted = min(len(part.lines), part.most) if bounded else len(part.lines)
            count = min(wanted, height - sum(given) + given[place])
            if count >= max(least, given[place]):
                given[place] = count
    return [line for part, count in zip(parts, given, strict=True) for line in _shown(part, count)]


def _shown(part: Part, count: int) -> Sequence[Line]:
    if count == len(part.lines) or not part.rest or count == 0:
        return part.lines[:count]
    told = part.rest.format(len(part.lines) - count + 1)
    return [*part.lines[: count - 1], ((told, "dim"),)]
