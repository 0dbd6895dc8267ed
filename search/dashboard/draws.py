"""What the same trials would have been worth in a random order, and when they ended, pauses left out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

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


def busy_seconds(spans: Sequence[tuple[datetime, datetime]]) -> list[float]:
    """When each of `spans` ended, in seconds since the first began, without the times in which there was none.

    A study that was left on Friday and resumed on Monday has not searched over the weekend.
    """
    ends = [0.0] * len(spans)
    idle, busy_until = 0.0, min(begin for begin, _ in spans) if spans else None
    first = busy_until
    for index in sorted(range(len(spans)), key=lambda index: spans[index]):
        begin, end = spans[index]
        assert first is not None
        assert busy_until is not None
        idle += max(0.0, (begin - busy_until).total_seconds())
        busy_until = max(busy_until, end)
        ends[index] = (end - first).total_seconds() - idle
    return ends
