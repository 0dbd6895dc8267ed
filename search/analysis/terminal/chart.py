"""Curves drawn with characters: a sparkline, and a chart of train and validation over epochs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from search.text.formats import apart

_BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int = 30) -> str:
    """`values` from left to right as blocks of eight heights; of neighbours that share a column the last is drawn.

    Blank where a value is not finite.
    """
    columns = min(width, len(values))
    shown = [values[(column + 1) * len(values) // columns - 1] for column in range(columns)]
    finite = [value for value in shown if math.isfinite(value)]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    return "".join(
        " " if not math.isfinite(value) else _BLOCKS[_level(value, low, high, len(_BLOCKS))]
        for value in shown
    )


def line_chart(curves: dict[str, Sequence[float]], width: int = 60, height: int = 10) -> list[str]:
    """Lines of text with one mark for each curve, in the order of `curves`; a later curve covers an earlier one.

    Curves start at epoch 1 and may differ in length. The axis names the lowest and the highest value.
    """
    length = max((len(curve) for curve in curves.values()), default=0)
    finite = [value for curve in curves.values() for value in curve if math.isfinite(value)]
    if not finite:
        return []
    low, high = min(finite), max(finite)
    columns = min(width, max(length, 36))
    cells = [[" "] * columns for _ in range(height)]
    for mark, curve in zip(MARKS, curves.values(), strict=False):
        for column in range(columns):
            index = column * (length - 1) // max(1, columns - 1)
            if index < len(curve) and math.isfinite(curve[index]):
                cells[height - 1 - _level(curve[index], low, high, height)][column] = mark
    of_high, of_low = apart([high, low])
    labels = {0: of_high, height - 1: of_low}
    margin = max(map(len, labels.values()))
    drawn = [f"{labels.get(row, ''):>{margin}} ┤{''.join(line).rstrip()}" for row, line in enumerate(cells)]
    axis = f"{'':>{margin}} └{'─' * columns}"
    below = f"{'':>{margin}}  1{f'epoch {length}' if length > 1 else '':>{max(0, columns - 1)}}"
    key = ", ".join(f"{mark} {name}" for mark, name in zip(MARKS, curves, strict=False))
    return [*drawn, axis, below, f"{'':>{margin}}  {key}"]


MARKS = "·●"
"""Told apart by shape, not by colour: a pipe and a printer have none."""


def _level(value: float, low: float, high: float, levels: int) -> int:
    """The row of `value` between `low` and `high`, counted from 0 at the bottom; the middle when they are equal."""
    if high == low:
        return levels // 2
    return min(levels - 1, int((value - low) / (high - low) * levels))
