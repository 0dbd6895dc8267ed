"""How far shares of categories lie apart in two samples, and how far chance alone brings them."""

from __future__ import annotations

import math

import numpy as np

from search.data.rows.raw import Array

# Two samples of one source are said to be apart less often than this.
_FALSE = 1e-3
# Rows of a category by its mean share, of as many as the smaller sample has; rarer ones are one, as in a test by
# chi-squared.
_FEWEST_ROWS = 5


def with_rare_as_one(one: Array, other: Array) -> tuple[Array, Array]:
    """Counts of the same categories in two samples; all that are rare in both become one, the last."""
    mean_shares = (one / one.sum() + other / other.sum()) / 2
    rare = mean_shares * min(one.sum(), other.sum()) < _FEWEST_ROWS
    if rare.sum() < 2:
        return one, other
    first, second = (np.append(counts[~rare], counts[rare].sum()) for counts in (one, other))
    return first, second


def total_variation(one: Array, other: Array) -> float:
    """Half the sum of the differences of shares: what share of rows is in other categories. 0 to 1.

    Args:
        one, other: rows of the same categories in two samples, each of at least one row.
    """
    return float(np.abs(one / one.sum() - other / other.sum()).sum()) / 2


def by_chance(one: Array, other: Array) -> float:
    """What the distance of two samples of independent rows from one source stays below, but for one in a thousand.

    The distance is the largest difference that any set of categories has in its share. It exceeds its mean by as much
    as one such difference may by Bernstein's inequality, of the variance that the largest of them has. The mean is that
    of normal differences.
    """
    rows = 1 / one.sum() + 1 / other.sum()
    shares = (one + other) / (one.sum() + other.sum())
    mean = float(np.sqrt(2 / np.pi * shares * (1 - shares) * rows).sum()) / 2
    # No set is nearer to half of the rows than the complement of a category that is in more.
    largest = max(float(shares.max()), 0.5)
    unlikely = math.log(1 / _FALSE)
    above = math.sqrt(2 * unlikely * largest * (1 - largest) * rows)
    return mean + above + unlikely / (3 * min(int(one.sum()), int(other.sum())))
