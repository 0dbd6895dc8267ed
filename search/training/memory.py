"""How much memory a worker needs to train one configuration, estimated before it is trained. Knows no TensorFlow.

The copies are counted in `benchmarks/memory.py`, which compares the estimate with what training takes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from search.errors import InputError
from search.machine.memory import WORKER_BYTES
from search.settings.metrics import sees_all_outputs
from search.text.formats import size
from search.training.network.dimensions import (
    EVALUATION_BATCH,
    components_of,
    embedding_of,
    embedding_parts,
    first_inputs,
    numbers_of,
)
from search.training.network.optimizers import OPTIMIZERS
from search.training.network.weights import layer_parameters
from spaces import MOST_COMPONENTS

if TYPE_CHECKING:
    from search.data import DataSpec
    from spaces import Hyperparameters
    from spaces.hyperparameters import Embedding

_FLOAT = 4
# Of each weight: itself, its gradient, the best and the first epoch's, and three on the way in and out of TensorFlow.
_COPIES_OF_WEIGHTS = 7
# Of each unit and row of a batch: before and after normalization, activation and dropout, and their gradients.
_COPIES_OF_ACTIVATIONS = 6
# Of each feature and row of a batch: gathered, as float32, augmented.
_COPIES_OF_INPUTS = 3
# Of each input that may be dropped: random bits, mask, product.
_COPIES_OF_DROPPED = 3
# Of each frequency or bin of a number and row of a batch: angles, sines and cosines, and both side by side; positions
# in bins before and after clipping, and between.
_COPIES_OF_PARTS: dict[Embedding, int] = {"none": 0, "periodic": 5, "piecewise": 4}
# Of each unit of an embedding: by number and by row, before and after ReLU, and their gradients.
_COPIES_OF_EMBEDDED = 6
# Of each row's outputs that are recorded: batch by batch, together, and in float64 three times.
_COPIES_OF_OUTPUTS = 8


def idle_worker_bytes(spec: DataSpec) -> int:
    """Of a worker that has read its data: itself, and the mapped arrays.

    All workers of a machine map the same pages. A limit counts them for each, as the system does that kills by it.
    """
    item = 1 if spec.kind == "image" else _FLOAT
    rows = spec.rows.train + spec.rows.validation
    return WORKER_BYTES + rows * (math.prod(spec.input_shape) * item + len(spec.targets) * _FLOAT)


def check_memory_limit(limit: int | None, spec: DataSpec) -> None:
    """Refuse a limit in bytes within which no worker can be.

    Raises:
        InputError: it is that small.
    """
    idle = idle_worker_bytes(spec)
    if limit is not None and limit <= idle:
        raise InputError(
            f"--memory-limit: a worker with this data takes {size(idle)} before it trains anything, but got "
            f"{size(limit)}; give more, or leave it out"
        )


def training_bytes(hyperparameters: Hyperparameters, spec: DataSpec, metric: str = "") -> int:
    """What training this configuration adds to an idle worker: weights, slots and activations as float32.

    And what is recorded of all outputs, where `metric` needs them (without `val_`). Of a network of the user's own it
    is not known: 0.
    """
    if hyperparameters.network:
        return 0
    features, projected = math.prod(spec.input_shape), 0
    if components := components_of(hyperparameters, spec):
        # Rows as components, twice while blocks become one; validation rows perhaps mirrored as well.
        rows = 2 * spec.rows.validation + spec.rows.train * (hyperparameters.augment == "none")
        # All directions as they are read, and the projection on its way into TensorFlow.
        projected = 2 * components * (rows + features) + MOST_COMPONENTS * features
    widths, parameters = hyperparameters.widths, layer_parameters(hyperparameters, spec)
    optimizer = OPTIMIZERS[hyperparameters.optimizer]
    copies = _COPIES_OF_WEIGHTS + optimizer.slots + optimizer.passing
    batch = min(hyperparameters.batch_size, spec.rows.train)
    inputs = _COPIES_OF_INPUTS * features
    if hyperparameters.input_dropout > 0:
        inputs += _COPIES_OF_DROPPED * first_inputs(hyperparameters, spec)
    members, embedded = hyperparameters.members, _floats_of_embedding(hyperparameters, spec)
    of_each = _COPIES_OF_INPUTS * first_inputs(hyperparameters, spec) if members > 1 else 0
    step = batch * (members * (_COPIES_OF_ACTIVATIONS * sum(widths) + of_each) + inputs + embedded)
    of_row = 2 * features + embedded + members * (2 * max(widths) + of_each)
    validation = min(EVALUATION_BATCH, spec.rows.validation) * of_row
    # Of several targets what they are is recorded beside what is answered.
    outputs = _COPIES_OF_OUTPUTS * max(spec.rows.train, spec.rows.validation) * 2 * len(spec.targets)
    if sees_all_outputs(spec.task, (metric,)):
        outputs = _COPIES_OF_OUTPUTS * max(spec.rows.train, spec.rows.validation) * len(spec.class_names)
    return _FLOAT * (copies * parameters + projected + outputs + max(step, validation))


def _floats_of_embedding(hyperparameters: Hyperparameters, spec: DataSpec) -> int:
    """Of a row of a batch."""
    kind = embedding_of(hyperparameters, spec)
    if kind == "none":
        return 0
    parts = _COPIES_OF_PARTS[kind] * embedding_parts(hyperparameters)
    return numbers_of(spec) * (parts + _COPIES_OF_EMBEDDED * hyperparameters.embedding_size)


def too_large(hyperparameters: Hyperparameters, spec: DataSpec, limit: int, metric: str) -> float:
    """By which share of `limit` bytes a worker would exceed it; not above 0 where the configuration fits."""
    return (idle_worker_bytes(spec) + training_bytes(hyperparameters, spec, metric)) / limit - 1


def recycling_bound(spec: DataSpec, limit: int | None) -> int:
    """Bytes above which a worker is replaced before its next trial: it keeps more than it needs.

    One GB above an idle worker; with a limit halfway to it, if that is less.
    """
    idle = idle_worker_bytes(spec)
    return idle + min(1_000_000_000, (limit - idle) // 2 if limit else 1_000_000_000)
