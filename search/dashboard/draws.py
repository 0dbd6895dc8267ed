"""The best to be expected of the same trials in a random order: what a plot compares the search with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from search.settings.metrics import Direction


def expected_best(values: Sequence[float], draws: np.ndarray, direction: Direction) -> np.ndarray:
    """Mean of the best of k values drawn from `values` without replacement, for each k of `draws`.

    With the n values sorted, best first, the i-th (from 1) is the best of k with probability
    C(n - i, k - 1) / C(n, k), as the k - 1 others come from the n - i behind it (Tang et al. 2020, "Showing your
    work doesn't always work", ACL, eq. 6). From one i to the next it falls by (n - i - k + 1) / (n - i).

    Args:
        values: at least one, finite.
        draws: whole numbers from 1 to the number of values; shape (points,).

    Returns:
        Shape (points,); the mean of `values` at k = 1, their best at k = n.
    """
    best_first = np.sort(np.asarray(values, float))
    if direction == "maximize":
        best_first = best_first[::-1]
    n = len(best_first)
    behind = n - np.arange(1, n)  # n - i for i from 1 to n - 1
    expected = []
    for k in draws:
        falls = np.clip((behind - k + 1) / behind, 0.0, 1.0)
        shares = k / n * np.concatenate([[1.0], np.cumprod(falls)])
        expected.append(shares @ best_first)
    return np.array(expected)
