"""What differs between trials of one structure beside widths and weights: numbers that a graph reads."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from search.data import DataSpec
from search.training.network.dimensions import largest_shift
from spaces import Hyperparameters


class Numbers(NamedTuple):
    """Hyperparameters and scales; float32 scalars in a graph. `down` and `right` are the largest shift, in pixels."""

    input_dropout: Any
    dropout: Any
    last_dropout: Any
    l2: Any
    smoothing: Any
    momentum: Any
    weight_decay: Any
    scale: Any
    offset: Any
    down: Any
    right: Any

    @classmethod
    def of(cls, hyperparameters: Hyperparameters, spec: DataSpec) -> Self:
        down, right = largest_shift(hyperparameters, spec)
        return cls(
            input_dropout=hyperparameters.input_dropout,
            dropout=hyperparameters.dropout,
            last_dropout=hyperparameters.dropouts[-1],
            l2=hyperparameters.l2,
            smoothing=hyperparameters.label_smoothing,
            momentum=hyperparameters.momentum,
            weight_decay=hyperparameters.weight_decay,
            scale=spec.scale,
            offset=spec.offset,
            down=float(down),
            right=float(right),
        )

    @classmethod
    def none(cls) -> Self:
        """Zeros, before there is a trial."""
        return cls(*[0.0] * len(cls._fields))
