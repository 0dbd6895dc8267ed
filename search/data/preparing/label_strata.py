"""Rows of several labels as strata: each by the rarest thing that it is, so that a split can spread them evenly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search.data.rows.raw import Array


def strata_of(y: Array, least: int) -> NDArray[np.int64]:
    """Numbers of strata from 0 without gaps, each of at least `least` rows where there are as many: (rows,).

    Args:
        y: 0 or 1 for each label, (rows, labels).

    The rarer class of a label is what can be missing on a side of a split. So a row belongs to the rarest of those that
    it has, as in the first step of iterative stratification (Sechidis, Tsoumakas & Vlahavas 2011). Rows that have none
    are a stratum of their own, which smaller ones join.
    """
    ones = y.sum(axis=0)
    rarer = y == (2 * ones <= len(y))
    strata = np.zeros(len(y), dtype=np.int64)
    # The rarest last, so that it is what a row keeps.
    for label in np.argsort(-rarer.sum(axis=0), kind="stable"):
        strata[rarer[:, label]] = label + 1
    counts = np.bincount(strata)
    strata[(counts < least)[strata]] = 0
    if 0 < (strata == 0).sum() < least:
        strata[strata == 0] = np.bincount(strata).argmax()
    _, numbers = np.unique(strata, return_inverse=True)
    return np.asarray(numbers, dtype=np.int64)


def why_no_label_folds(y: Array, names: Sequence[str], folds: int) -> str | None:
    """Why rows of labels `y`, (rows, labels), cannot be cut into as many folds, or None."""
    ones = y.sum(axis=0)
    rarer = np.minimum(ones, len(y) - ones)
    least = int(rarer.argmin())
    if rarer[least] >= folds:
        return None
    return f"label '{names[least]}' differs in {rarer[least]} of these rows alone, fewer than one for each"
