"""The optimizers by name, and which hyperparameters each takes beside its learning rate.

How each updates weights is a row of its own in `search/training/network/optimizers.py`.
"""

from __future__ import annotations

from typing import Literal

Optimizer = Literal["adam", "adamw", "sgd", "rmsprop", "lion"]

OPTIMIZERS: dict[Optimizer, tuple[str, ...]] = {
    "adam": (),
    "adamw": ("weight_decay",),
    "sgd": ("momentum", "nesterov"),
    "rmsprop": (),
    "lion": ("weight_decay",),
}
"""Hyperparameters of `Hyperparameters` that matter to some optimizers alone, by those they matter to."""


def takers_of(hyperparameter: str) -> tuple[Optimizer, ...]:
    """The optimizers to which `hyperparameter` matters."""
    return tuple(name for name, taken in OPTIMIZERS.items() if hyperparameter in taken)
