"""Members in the graph: each sees the inputs times factors of its own, and all go through the same hidden layers.

Gorishniy et al. 2025, "TabM: advancing tabular deep learning with parameter-efficient ensembling", TabM-mini. As
`keras_form/members.py`.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from search.training.graph.variables import Parts
from search.training.network.weights import MEMBERS

Tensor = Any


def member_count(weights: Parts) -> Tensor:
    """int32 scalar."""
    return tf.shape(weights[f"{MEMBERS}/kernel"])[0]


def of_members(x: Tensor, weights: Parts) -> Tensor:
    """x (batch, features) as the inputs of all members, (members * batch, features), member by member."""
    factors = weights[f"{MEMBERS}/kernel"]
    return tf.reshape(x[None] * factors[:, None, :], [-1, tf.shape(factors)[1]])
