"""How often prediction intervals hold the target, with what chance makes of it."""

from __future__ import annotations

import numpy as np

from search.conclusion.statistics.intervals import wilson
from search.data.rows.raw import Array
from search.study.look import Coverage


def coverage_of(inside: Array, half_widths: Array, level: float) -> Coverage:
    """Of rows, at least one: whether each target is inside of its interval, and half of that one's width; (rows,)."""
    share = float(np.mean(inside))
    return Coverage(
        level=level, share=share, interval=wilson(share, len(inside)), width=2 * float(np.mean(half_widths))
    )
