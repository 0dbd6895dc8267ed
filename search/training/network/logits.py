"""Logits of a model that answers probabilities: as metrics are made of logits, and temperatures divide them."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# What a float32 answer of 0 or, with two classes, 1 minus 1 stands for: as numbers they would be infinitely wrong.
LEAST = float(np.finfo(np.float32).tiny)
LEAST_OF_TWO = 2.0**-25


def logits_of(probabilities: Array, task: str) -> Array:
    """Of probabilities, float64: of the second of two classes, any shape, or of each class in the last axis.

    Of several labels as of two classes, each for itself.
    """
    logits = np.log(np.maximum(probabilities, LEAST))
    if task in ("binary", "multilabel"):
        logits = logits - np.log(np.maximum(1.0 - probabilities, LEAST_OF_TWO))
    return np.asarray(logits)
