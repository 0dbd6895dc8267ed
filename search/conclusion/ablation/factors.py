"""One factor at a time around a configuration: each technique removed, each number and choice another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from search.data import DataSpec
from search.training.network.dimensions import components_of, embedding_of, largest_shift, numbers_of
from search.training.network.optimizers import OPTIMIZERS
from spaces import VOCABULARY, Hyperparameters, Space, SpaceError, idle
from spaces.hyperparameters import default_of, words_of
from spaces.parameters import Categorical, Float, Int
from spaces.wording import rounded, shown

# What a technique is called, and the value that switches it off.
_TECHNIQUES: dict[str, tuple[str, object]] = {
    "batch_norm": ("batch normalization", False),
    "skip": ("skip connections", False),
    "embedding": ("{} embeddings of numbers", "none"),
    "members": ("{} members", 1),
    "input_dropout": ("dropout of inputs", 0.0),
    "dropout": ("dropout", 0.0),
    "l2": ("the L2 penalty", 0.0),
    "weight_decay": ("weight decay", 0.0),
    "momentum": ("momentum", 0.0),
    "nesterov": ("Nesterov's momentum", False),
    "schedule": ("the {} schedule", "constant"),
    "label_smoothing": ("label smoothing", 0.0),
    "class_weight": ("weighing of classes", 0.0),
    "pca": ("PCA", 0),
    "augment": ("augmentation by {}", "none"),
}
_DIVIDED = {
    "width": 2,
    "batch_size": 2,
    "learning_rate": 10,
    "frequencies": 2,
    "sigma": 3,
    "bins": 2,
    "embedding_size": 2,
}


@dataclass(frozen=True)
class Variation:
    """`parameter` is `after` in place of `before`, all else equal but for what `note` says.

    `technique` is what the configuration has and the variation has not, or where `adds` is true, the other way round;
    empty where both have it or it is no technique.
    """

    parameter: str
    before: str
    after: str
    hyperparameters: Hyperparameters
    technique: str = ""
    adds: bool = False
    note: str = ""

    @property
    def label(self) -> str:
        """`dropout 0.3 -> 0`."""
        return f"{words(self.parameter)} {self.before} -> {self.after}"


def words(parameter: str) -> str:
    """The name of a hyperparameter in a sentence."""
    named = {"l2": "L2", "batch_norm": "batch norm", "pca": "PCA", "augment": "augmentation"}
    return named.get(parameter, parameter.replace("_", " "))


def variations(base: Hyperparameters, space: Space, spec: DataSpec) -> list[Variation]:
    """All that can be another around `base`, in the vocabulary's order; what would change nothing is left out.

    Techniques are switched off, and on to the far end of the space; `depth` is one layer more and less, `width`,
    `batch_size`, `pca` and the sizes of an embedding the half and the double, `sigma` a third and three times,
    `learning_rate` a tenth and ten times; choices are all others of the space, and each optimizer.
    """
    found: list[Variation] = []
    without_effect = _idle(base, spec)
    for parameter in VOCABULARY:
        if parameter not in without_effect:
            tried = dict.fromkeys(_values(parameter, base, space))
            found += [one for value in tried if (one := _variation(parameter, value, base)) is not None]
    return list(_different(found, base, spec))


def _different(found: list[Variation], base: Hyperparameters, spec: DataSpec) -> Iterator[Variation]:
    """Those that train otherwise than `base` and than all before them."""
    trained = [base]
    for one in found:
        if not any(_same_training(one.hyperparameters, other, spec) for other in trained):
            trained.append(one.hyperparameters)
            yield one


def _same_training(one: Hyperparameters, other: Hyperparameters, spec: DataSpec) -> bool:
    """Whether they differ, if at all, in numbers that make the same inputs, layers and batches of these data."""
    shape = ("depth", "width", "taper", "skip", "batch_size", "pca", "shift")
    alike = one.model_copy(update={name: getattr(other, name) for name in shape})
    return alike == other and _shape(one, spec) == _shape(other, spec)


def _shape(one: Hyperparameters, spec: DataSpec) -> tuple[object, ...]:
    batch = min(one.batch_size, spec.rows.train)
    return one.widths, one.skips, batch, components_of(one, spec), largest_shift(one, spec)


def in_effect(one: Hyperparameters, space: Space, spec: DataSpec) -> Hyperparameters:
    """`one` as `space` would have it: what changes nothing and has its condition unmet is at its default."""
    values, without_effect = one.model_dump(), _idle(one, spec)
    unset = {
        name: default_of(name)
        for name, parameter in space.parameters.items()
        if not parameter.active(values) and name in without_effect
    }
    return one.model_copy(update=unset)


def _idle(base: Hyperparameters, spec: DataSpec) -> set[str]:
    """Hyperparameters of `base` that have no effect on these data."""
    values = {**base.model_dump(), "embedding": embedding_of(base, spec)}
    without_effect = set(idle(values, spec.task, spec.kind))
    return without_effect if numbers_of(spec) else without_effect | {"embedding"}


def _values(parameter: str, base: Hyperparameters, space: Space) -> Iterator[Any]:
    now = getattr(base, parameter)
    if parameter == "depth":
        yield from (now - 1, now + 1)
    elif parameter in _DIVIDED:
        factor = _DIVIDED[parameter]
        smaller, larger = (
            (now // factor, now * factor) if isinstance(now, int) else (now / factor, now * factor)
        )
        yield from (smaller, larger)
    elif parameter == "optimizer":
        yield from words_of(parameter)
    elif parameter == "pca":
        yield from (0, now // 2, now * 2)
        yield from _elsewhere(parameter, base, space)
    elif parameter == "batch_norm":
        yield not now
    else:
        yield _TECHNIQUES[parameter][1] if parameter in _TECHNIQUES else default_of(parameter)
        yield from _elsewhere(parameter, base, space)


def _elsewhere(parameter: str, base: Hyperparameters, space: Space) -> Iterator[Any]:
    """What `space` could have been otherwise: all choices, or the ends of a range."""
    found = space.parameters.get(parameter)
    if found is None or not found.active(base.model_dump()):
        return
    match found:
        case Categorical(choices=choices):
            yield from choices
        case Float() | Int():
            # The low end of a technique is as good as none.
            yield from (found.high,) if parameter in _TECHNIQUES else (found.low, found.high)


def _variation(parameter: str, value: Any, base: Hyperparameters) -> Variation | None:
    """None where no network can be like that."""
    now = getattr(base, parameter)
    changes, note = {parameter: value}, ""
    if parameter == "optimizer" and OPTIMIZERS[value].steps != OPTIMIZERS[now].steps:
        rate = changes["learning_rate"] = OPTIMIZERS[value].learning_rate
        note = f"learning rate {rounded(rate)}, Keras's default"
    try:
        changed = Hyperparameters.from_values({**base.model_dump(), **changes})
    except SpaceError:
        return None
    technique, adds = _technique(parameter, now, value)
    return Variation(parameter, _shown(now), _shown(value), changed, technique, adds, note)


def _technique(parameter: str, now: object, value: object) -> tuple[str, bool]:
    name, off = _TECHNIQUES.get(parameter, ("", None))
    if not name or off not in (now, value):
        return "", False
    adds = now == off
    named = name.format(str(value if adds else now).replace("_", " and "))
    sized = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{named} ({_shown(value)})" if adds and sized else named, adds


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return rounded(value) if isinstance(value, float) else shown(value)
