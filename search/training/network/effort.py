"""How much one epoch is to be computed, known before anything is trained: updates and multiplications."""

from __future__ import annotations

import math

from search.data import DataSpec
from search.training.network.dimensions import components_of
from search.training.network.weights import multiplications
from spaces import Hyperparameters


def steps(rows: int, batch_size: int) -> int:
    """Updates in one epoch; the last batch may be smaller."""
    return -(-rows // batch_size)


def work(hyperparameters: Hyperparameters, spec: DataSpec) -> float:
    """Training rows times the weights they are multiplied by, of one epoch.

    Pixels that are augmented are projected in each step as well. A layer that learns is multiplied by three times in a
    step, and a projection once. Of a network of the user's own it is not known: 0.
    """
    if hyperparameters.network:
        return 0.0
    projected = components_of(hyperparameters, spec) * math.prod(spec.input_shape)
    in_each_step = projected / 3 if hyperparameters.augment != "none" else 0.0
    return spec.rows.train * (multiplications(hyperparameters, spec) + in_each_step)
