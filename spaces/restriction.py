"""Leaves out of a space what has no meaning for the data, so that no trial is spent on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from spaces.checks import can_be, problems_of
from spaces.hyperparameters import default_of
from spaces.parameters import Categorical, Fixed, Int, Parameter
from spaces.wording import shown

Task = Literal["binary", "multiclass", "regression"]
DataKind = Literal["image", "vector", "table"]


def restrict(
    parameters: Mapping[str, Parameter], task: Task, kind: DataKind, components: int
) -> tuple[dict[str, Parameter], list[str]]:
    """`parameters` without what changes nothing for such data, and a sentence for each parameter left out.

    Args:
        components: principal components that the data have; more of them are the same network.
    """
    kept = dict(parameters)
    notes: list[str] = []
    for name in parameters:
        if (why := _no_effect(name, parameters, task, kind)) is not None:
            del kept[name]
            notes.append(f"{name}: left out, {why}")
    if "pca" in kept and (capped := _capped(kept["pca"], components)) != kept["pca"]:
        kept["pca"] = capped
        notes.append(f"pca: {capped.extent()}, since these images have {components} principal components")
    while (found := _depends_on_absent(kept, parameters)) is not None:
        name, other = found
        condition = dict(kept[name].when)
        if default_of(other) in condition.pop(other):
            kept[name] = kept[name].model_copy(update={"when": condition})
        else:
            del kept[name]
            notes.append(f"{name}: left out, since {other} is always {shown(default_of(other))} here")
    while problems := problems_of(kept):
        name = str(problems[0].path[0])
        del kept[name]
        notes.append(f"{name}: left out, its condition cannot be met on these data")
    return kept, notes


def _capped(pca: Parameter, most: int) -> Parameter:
    """`pca` where all values above `most` are `most`, each value once."""
    match pca:
        case Categorical(choices=choices):
            return pca.model_copy(
                update={"choices": tuple(dict.fromkeys(min(int(one), most) for one in choices))}
            )
        case Int(low=low, high=high, step=step) if high > most:
            fewer = [*range(low, most + 1, step or 1)][-1:]
            if fewer and fewer[0] > low:
                return pca.model_copy(update={"high": fewer[0]})
            return Fixed(value=min(low, most), when=pca.when)
        case Fixed(value=value):
            return pca.model_copy(update={"value": min(int(value), most)})
    return pca


def _no_effect(name: str, parameters: Mapping[str, Parameter], task: Task, kind: DataKind) -> str | None:
    def never(other: str, *values: str | int) -> bool:
        return not any(can_be(other, value, parameters) for value in values)

    if name == "label_smoothing" and task == "regression":
        return "regression has no labels to smooth"
    if name == "pca" and kind != "image":
        return "only images have principal components here"
    if name in ("augment", "shift") and kind != "image":
        return "only images can be shifted and flipped"
    if isinstance(parameters[name], Fixed):
        return None
    if name in ("momentum", "nesterov") and never("optimizer", "sgd"):
        return "the optimizer is never sgd"
    if name == "weight_decay" and never("optimizer", "adamw", "lion"):
        return "the optimizer is never adamw or lion"
    if name in ("plateau_factor", "plateau_patience") and never("schedule", "plateau"):
        return "the schedule is never plateau"
    if name == "shift" and never("augment", "shift", "shift_flip"):
        return "images are never shifted"
    if name == "taper" and never("depth", *range(2, 33)):
        return "there is only one hidden layer"
    return None


def _depends_on_absent(
    kept: Mapping[str, Parameter], before: Mapping[str, Parameter]
) -> tuple[str, str] | None:
    """The first parameter whose condition names one that was left out, and that one."""
    return next(
        (
            (name, other)
            for name, parameter in kept.items()
            for other in parameter.when
            if other in before and other not in kept
        ),
        None,
    )
