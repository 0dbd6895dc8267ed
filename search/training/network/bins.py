"""Bins of numbers, between quantiles of the training rows: what piecewise-linear embeddings are made of.

Gorishniy et al. 2022, "On embeddings for numerical features in tabular deep learning", section 3.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_ROWS = 100_000


def bins_between_quantiles(numbers: Array, count: int) -> tuple[Array, Array]:
    """Slopes and offsets (numbers, count) float32: `clip(x * slope + offset, 0, 1)` is how far x is through each bin.

    Quantiles that are equal are one edge; a number with fewer bins than `count` has 0 in those that are left.

    Args:
        numbers: (rows, numbers) float32; of more than 100,000 rows, evenly spread ones are looked at.
    """
    numbers = numbers[:: -(-len(numbers) // _ROWS)]
    slopes, offsets = (np.zeros((numbers.shape[1], count), np.float32) for _ in range(2))
    for index, column in enumerate(numbers.T):
        edges = np.unique(np.quantile(column.astype(np.float64), np.linspace(0.0, 1.0, count + 1)))
        widths = np.diff(edges)
        slopes[index, : len(widths)] = 1.0 / widths
        offsets[index, : len(widths)] = -edges[:-1] / widths
    return slopes, offsets
