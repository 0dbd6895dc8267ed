"""The recorded grid as a space: what lies between its points is answered by the nearest of them."""

from __future__ import annotations

import math
from functools import lru_cache

from benchmarks.recorded import configurations, recorded
from spaces import Hyperparameters, Space
from spaces.parameters import Categorical, Fixed, Float, Int

SPACE = Space(
    parameters={
        "depth": Int(low=1, high=3),
        "width": Int(low=48, high=768, log=True),
        "batch_norm": Categorical(choices=(True, False)),
        "dropout": Float(low=0.0, high=0.4),
        "optimizer": Categorical(choices=("adamw", "sgd")),
        "learning_rate": Float(low=3e-4, high=1e-1, log=True),
        "schedule": Categorical(choices=("constant", "cosine")),
        "weight_decay": Fixed(value=0.05, when={"optimizer": ("adamw",)}),
    }
)


class Grid:
    """The curves of one set of data, over `SPACE`."""

    space = SPACE

    def __init__(self, name: str) -> None:
        self._curves = recorded(name)
        self.ceiling = max(map(max, self._curves))

    def curve(self, hyperparameters: Hyperparameters) -> list[float]:
        return self._curves[nearest(hyperparameters)]


@lru_cache(maxsize=100_000)
def nearest(hyperparameters: Hyperparameters) -> int:
    """The recorded configuration with the same choices, nearest in width, dropout and rate of learning."""
    one = hyperparameters
    same = [
        (index, other)
        for index, other in enumerate(configurations())
        if (one.depth, one.batch_norm, one.optimizer, one.schedule)
        == (other.depth, other.batch_norm, other.optimizer, other.schedule)
    ]

    def distance(other: Hyperparameters) -> float:
        return (
            abs(math.log(one.width / other.width) / math.log(4))
            + abs(one.dropout - other.dropout) / 0.4
            + abs(math.log(one.learning_rate / other.learning_rate) / math.log(3))
        )

    return min(same, key=lambda pair: distance(pair[1]))[0]
