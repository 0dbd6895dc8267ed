"""What a compiled epoch has learnt, as arrays: enough to go on with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class GraphState:
    """What a `CompiledEpoch` has learnt.

    Attributes:
        weights: in Keras's order, without the layer `pca`.
        slots: of the optimizer, variable by variable.
        steps: updates made.
        seen: of the moving statistics, as in `moving_rates`.
    """

    weights: list[Array]
    slots: list[Array]
    steps: int
    seen: float
