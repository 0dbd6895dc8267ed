"""What several networks answer together: the mean of their probabilities, or of their predictions. Knows no Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def averaged_outputs(outputs: Sequence[Array], weights: Sequence[float], task: str) -> Array:
    """The outputs whose probabilities are the weighted mean of the members' probabilities, float64 (rows, units).

    Averaged as logarithms: a probability that float32 has no number for keeps its cross-entropy. Predictions of a
    regression are averaged as they are.

    Args:
        outputs: of each member, before its last activation (`scoring.row_outputs`), (rows, units).
        weights: of each member; they sum to 1.
    """
    of_members = np.asarray(outputs, dtype=np.float64)
    shares = np.asarray(weights, dtype=np.float64)[:, None, None]
    if task in ("regression", "multioutput"):
        return np.sum(shares * of_members, axis=0)
    if task in ("binary", "multilabel"):
        second = np.logaddexp.reduce(np.log(shares) - np.logaddexp(0.0, -of_members), axis=0)
        first = np.logaddexp.reduce(np.log(shares) - np.logaddexp(0.0, of_members), axis=0)
        return second - first
    logs = of_members - np.logaddexp.reduce(of_members, axis=2, keepdims=True)
    return np.logaddexp.reduce(np.log(shares) + logs, axis=0)
