"""How long a network takes for a row, measured before it is trained: its weights do not matter, its structure does."""

from __future__ import annotations

import math
import statistics
import time
from typing import Any

import numpy as np
import tensorflow as tf

from search.data import DataSpec
from search.training.forms import model_of
from spaces import Hyperparameters

# Of a batch: so many that calling the network counts for little, and memory for the rows stays small.
_MULTIPLICATIONS, _VALUES, _MOST_ROWS = 2e8, 4e6, 16_384
_WARM_UP = 3
# Of repeats, as many as fit into the time, within these bounds.
_LEAST, _MOST, _SECONDS = 9, 51, 0.3


def measured_latency(hyperparameters: Hyperparameters, spec: DataSpec) -> float:
    """Milliseconds of processor time that an untrained network of this structure takes for a prepared row.

    The median of repeated batches. It is the time of one thread, or of several summed, on the processor, so a machine
    that does other things at the same time changes it little. Reading the row is not in it.
    """
    model = model_of(hyperparameters, spec)
    dtype = np.uint8 if spec.kind == "image" else np.float32
    count = rows_of_a_batch(model.count_params(), math.prod(spec.input_shape))
    with tf.device("/CPU:0"):
        rows = tf.constant(np.zeros((count, *spec.input_shape), dtype))
        answer = tf.function(lambda x: model(x, training=False))
        for _ in range(_WARM_UP):
            answer(rows)
        return 1000 * statistics.median(_repeated(answer, rows)) / count


def rows_of_a_batch(parameters: int, features: int) -> int:
    """How many rows of so many `features` a network of so many `parameters` is asked about at once."""
    return max(1, int(min(_MOST_ROWS, _MULTIPLICATIONS / parameters, _VALUES / features)))


def _repeated(answer: Any, rows: Any) -> list[float]:
    """Seconds of each batch."""
    took: list[float] = []
    while len(took) < _LEAST or (len(took) < _MOST and sum(took) < _SECONDS):
        begun = time.process_time()
        answer(rows).numpy()
        took.append(time.process_time() - begun)
    return took
