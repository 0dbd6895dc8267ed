"""Which hyperparameters change nothing beside which others: the momentum of Adam, the taper of one layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Literal, NamedTuple

from spaces.hyperparameters import MAX_DEPTH
from spaces.optimizers import OPTIMIZERS, takers_of
from spaces.wording import Scalar

Task = Literal["binary", "multiclass", "regression", "multilabel", "multioutput"]
DataKind = Literal["image", "vector", "table"]


class Need(NamedTuple):
    """A hyperparameter has an effect only where `other` is one of `values`; `unmet` says that it never is."""

    other: str
    values: tuple[Scalar, ...]
    unmet: str


def _of_optimizers(name: str) -> Need:
    takers = takers_of(name)
    return Need("optimizer", takers, f"the optimizer is never {' or '.join(takers)}")


_NEVER_PERIODIC, _NEVER_PIECEWISE = (f"the embedding is never {kind}" for kind in ("periodic", "piecewise"))

NEEDS: dict[str, Need] = {
    "frequencies": Need("embedding", ("periodic",), _NEVER_PERIODIC),
    "sigma": Need("embedding", ("periodic",), _NEVER_PERIODIC),
    "bins": Need("embedding", ("piecewise",), _NEVER_PIECEWISE),
    "embedding_size": Need("embedding", ("periodic", "piecewise"), "numbers are never embedded"),
    **{
        name: Need("depth", tuple(range(2, MAX_DEPTH + 1)), "there is only one hidden layer")
        for name in ("skip", "taper")
    },
    **{name: _of_optimizers(name) for name in dict.fromkeys(chain(*OPTIMIZERS.values()))},
    "plateau_factor": Need("schedule", ("plateau",), "the schedule is never plateau"),
    "plateau_patience": Need("schedule", ("plateau",), "the schedule is never plateau"),
    "shift": Need("augment", ("shift", "shift_flip"), "images are never shifted"),
}
"""Those that need a value of another one."""
_OF_EMBEDDING = ("embedding", "frequencies", "sigma", "bins", "embedding_size")
_FACTORS = {"last_dropout_factor": "dropout", "nesterov": "momentum"}
"""Those that change what another one makes, which is nothing where that one is zero."""


def meaningless(name: str, task: Task, kind: DataKind) -> str | None:
    """Why hyperparameter `name` has no meaning for such data, or None if it has."""
    if name == "label_smoothing" and task in ("regression", "multioutput"):
        return "regression has no labels to smooth"
    if name == "class_weight" and task in ("regression", "multioutput"):
        return "regression has no classes to weigh"
    if name == "class_weight" and task == "multilabel":
        return "of several labels, a row has no one class to be weighed by"
    if name == "pca" and kind != "image":
        return "only images have principal components here"
    if name in ("augment", "shift") and kind != "image":
        return "only images can be shifted and flipped"
    if name in _OF_EMBEDDING and kind == "image":
        return "pixels are not embedded"
    return None


def idle(values: Mapping[str, object], task: Task, kind: DataKind) -> Iterator[str]:
    """Names of `values`, a whole configuration's, that could be anything else and nothing would change."""
    for name in values:
        need = NEEDS.get(name)
        if (
            meaningless(name, task, kind)
            or (need is not None and values[need.other] not in need.values)
            or (name in _FACTORS and values[_FACTORS[name]] == 0)
        ):
            yield name
