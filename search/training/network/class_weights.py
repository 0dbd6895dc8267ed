"""How much a row of each class weighs in the loss: by how rare the class is, to a power."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def class_weights(power: float, labels: Array, classes: int, row_weights: Array | None = None) -> Array:
    """Of each class, float32 (classes,): (rows / (classes * rows of the class)) ** power, of mean 1 over the rows.

    At 0 all rows weigh alike, at 1 all classes do, as Keras's `fit(class_weight=...)` has them by the weights that
    scikit-learn calls balanced. A class without rows weighs 1.

    Args:
        labels: class numbers of the training rows, (rows,).
        row_weights: as how many rows each counts, (rows,); each as one without them.
    """
    counts = np.bincount(labels, row_weights, minlength=classes)
    rows, there = counts.sum(), counts > 0
    weights = np.where(there, (rows / (classes * np.where(there, counts, 1))) ** power, 0.0)
    weights /= weights @ counts / rows
    return np.where(there, weights, 1.0).astype(np.float32)
