"""The weights of a network in Keras's order: the one description from which both forms are made.

A new layer describes its arrays here. From that follow their number and initial values, the L2 penalty, Keras's layers,
the variables of the graph, and the copies between the two.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise

from search.data import DataSpec
from search.training.network.dimensions import (
    CODE_UNITS,
    components_of,
    embedding_of,
    embedding_parts,
    first_inputs,
    numbers_of,
    output_units,
)
from spaces import Hyperparameters
from spaces.hyperparameters import Embedding

FREQUENCIES, BINS = "frequencies", "bins"
"""Layers that make of each number what its embedding is a linear layer of."""
CODES = "codes/embeddings"
"""The vectors of codes."""
MEMBERS = "members"
"""The layer that gives each member inputs of its own."""
# Of the initial weights; those of hidden layers count from 1.
_FREQUENCIES, _EMBEDDING, _MEMBERS = 1001, 1002, 1003

Side = int | None
"""Of an array; None in a graph, which serves every width."""


class Keeping(Enum):
    """Where a graph keeps an array."""

    OWN = auto()
    """In a variable of its own, trained."""
    FROZEN = auto()
    """In a variable of its own, not trained: it is made of the training rows."""
    SHARED = auto()
    """In one variable with all others of its kind, trained: each variable costs as much as the arithmetic on it."""
    MOVING = auto()
    """In one variable of all moving statistics."""
    FOLDED = auto()
    """Nowhere: it is zero, and one that is given is taken out of the moving mean, where it has the same effect."""


@dataclass(frozen=True)
class Weight:
    """One array of a network, float32.

    Args:
        path: as Keras calls it, `dense_1/kernel`.
        initial: a Keras initializer, with `settings` and a seed: the training's plus `seed`.
        penalised: whether the L2 penalty counts it.
        along: of a vector, the path of the kernel whose last side is its length.
        without: of a moving mean, the path of the bias that is taken out of it.
    """

    path: str
    shape: tuple[Side, ...]
    keeping: Keeping
    initial: str = "zeros"
    seed: int = 0
    penalised: bool = False
    along: str = ""
    without: str = ""
    settings: tuple[tuple[str, float], ...] = ()

    @property
    def rank(self) -> int:
        return len(self.shape)


def trained_weights(hyperparameters: Hyperparameters, spec: DataSpec) -> list[Weight]:
    """Those of embedded numbers and codes, hidden layers and head, moving statistics among them."""
    sides = (first_inputs(hyperparameters, spec), *hyperparameters.widths, output_units(spec))
    embedded = _embedding(
        embedding_of(hyperparameters, spec),
        numbers_of(spec),
        embedding_parts(hyperparameters),
        hyperparameters.embedding_size,
        hyperparameters.sigma,
    )
    members = hyperparameters.members if hyperparameters.members > 1 else 0
    codes = _codes(sum(column.codes for column in spec.coded), CODE_UNITS) if spec.coded else ()
    return [
        *embedded,
        *codes,
        *_weights(sides, members, hyperparameters.batch_norm, hyperparameters.initializer),
    ]


def weight_at(path: str, hyperparameters: Hyperparameters, spec: DataSpec) -> Weight:
    """The one of `trained_weights` at this path."""
    return next(one for one in trained_weights(hyperparameters, spec) if one.path == path)


def open_weights(
    embedding: Embedding, coded: bool, members: bool, depth: int, batch_norm: bool
) -> list[Weight]:
    """The same for networks of any widths."""
    embedded = _embedding(embedding, None, None, None)
    codes = _codes(None, None) if coded else ()
    return [*embedded, *codes, *_weights((None,) * (depth + 2), None if members else 0, batch_norm, "zeros")]


def projection_weights(hyperparameters: Hyperparameters, spec: DataSpec) -> list[Weight]:
    """Those of the layer `pca`, which come before all others and are not trained; none where there is no such layer."""
    components = components_of(hyperparameters, spec)
    return list(_dense("pca", math.prod(spec.input_shape), components, "zeros")) if components else []


def _embedding(
    kind: Embedding, numbers: Side, parts: Side, units: Side, sigma: float = 1.0
) -> Iterator[Weight]:
    """Of each number: what makes `parts` of it, and the linear layer of its own from these to `units`."""
    if kind == "none":
        return
    if kind == "periodic":
        normal = (("stddev", sigma),)
        yield Weight(
            f"{FREQUENCIES}/kernel",
            (numbers, parts),
            Keeping.OWN,
            "random_normal",
            _FREQUENCIES,
            settings=normal,
        )
    else:
        yield Weight(f"{BINS}/kernel", (numbers, parts), Keeping.FROZEN)
        yield Weight(f"{BINS}/bias", (numbers, parts), Keeping.FROZEN)
    inputs = None if parts is None else 2 * parts if kind == "periodic" else parts
    bound = 0.0 if inputs is None else 1 / math.sqrt(inputs)
    uniform = (("minval", -bound), ("maxval", bound))
    yield Weight(
        "embedding/kernel",
        (numbers, inputs, units),
        Keeping.OWN,
        "random_uniform",
        _EMBEDDING,
        settings=uniform,
    )
    yield Weight("embedding/bias", (numbers, units), Keeping.OWN)


def _codes(codes: Side, units: Side) -> Iterator[Weight]:
    """A vector for each code: one that no row has taught stays zero, and says nothing."""
    yield Weight(CODES, (codes, units), Keeping.OWN)


def _weights(sides: Sequence[Side], members: Side, batch_norm: bool, initializer: str) -> Iterator[Weight]:
    """Of members, hidden layers and head.

    Args:
        sides: inputs of the first hidden layer, units of each hidden layer, units of the head.
        members: 0 where there is one network.
    """
    *hidden, (inputs, outputs) = pairwise(sides)
    if members != 0:
        # Gorishniy et al. 2025, "TabM": so the members differ from the start.
        normal = (("stddev", 1.0),)
        shape = (members, sides[0])
        yield Weight(f"{MEMBERS}/kernel", shape, Keeping.OWN, "random_normal", _MEMBERS, settings=normal)
    for layer, (before, units) in enumerate(hidden, start=1):
        dense, norm = f"dense_{layer}", f"batch_norm_{layer}"
        yield from _dense(dense, before, units, initializer, seed=layer, penalised=True, folded=batch_norm)
        if batch_norm:
            yield from _batch_norm(norm, units, after=dense)
    if members == 0:
        yield from _dense("head", inputs, outputs, "glorot_uniform")
        return
    # Glorot's of each member; Keras's would take the members for inputs.
    bound = 0.0 if inputs is None or outputs is None else math.sqrt(6 / (inputs + outputs))
    uniform = (("minval", -bound), ("maxval", bound))
    yield Weight("head/kernel", (members, inputs, outputs), Keeping.OWN, "random_uniform", settings=uniform)
    yield Weight("head/bias", (members, outputs), Keeping.OWN)


def _dense(
    name: str,
    inputs: Side,
    units: Side,
    initializer: str,
    *,
    seed: int = 0,
    penalised: bool = False,
    folded: bool = False,
) -> Iterator[Weight]:
    """A bias in front of batch normalization is folded: it is subtracted with the mean, so its gradient is zero.

    What Keras computes for it is rounding noise, which Adam and Lion blow up.
    """
    kernel = f"{name}/kernel"
    yield Weight(kernel, (inputs, units), Keeping.OWN, initializer, seed, penalised)
    yield Weight(f"{name}/bias", (units,), Keeping.FOLDED if folded else Keeping.SHARED, along=kernel)


def _batch_norm(name: str, units: Side, after: str) -> Iterator[Weight]:
    shape, along = (units,), f"{after}/kernel"
    yield Weight(f"{name}/gamma", shape, Keeping.SHARED, "ones", along=along)
    yield Weight(f"{name}/beta", shape, Keeping.SHARED, along=along)
    yield Weight(f"{name}/moving_mean", shape, Keeping.MOVING, along=along, without=f"{after}/bias")
    yield Weight(f"{name}/moving_variance", shape, Keeping.MOVING, "ones", along=along)


def layer_parameters(hyperparameters: Hyperparameters, spec: DataSpec) -> int:
    """Of hidden layers and head alone, which each step reads; as Keras counts them, moving statistics included."""
    return _count(trained_weights(hyperparameters, spec))


def multiplications(hyperparameters: Hyperparameters, spec: DataSpec) -> int:
    """Weights that a row is multiplied by in hidden layers and head: by the shared ones once for each member."""
    shared = [weight for weight in trained_weights(hyperparameters, spec) if weight.penalised]
    return layer_parameters(hyperparameters, spec) + (hyperparameters.members - 1) * _count(shared)


def parameter_count(hyperparameters: Hyperparameters, spec: DataSpec) -> int:
    """As Keras counts them: the projection of `pca` included."""
    return _count(projection_weights(hyperparameters, spec)) + layer_parameters(hyperparameters, spec)


def _count(weights: list[Weight]) -> int:
    return sum(math.prod(side or 0 for side in weight.shape) for weight in weights)
