"""Leaves out of a space what has no meaning for the data, so that no trial is spent on it."""

from __future__ import annotations

from collections.abc import Mapping

from spaces.checks import can_be, problems_of
from spaces.effects import NEEDS, DataKind, Task, meaningless
from spaces.hyperparameters import default_of
from spaces.parameters import Categorical, Fixed, Int, Parameter
from spaces.wording import shown


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
        kept |= {name: _conditions_capped(one, components, capped) for name, one in kept.items()}
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


def _conditions_capped(parameter: Parameter, most: int, capped: Parameter) -> Parameter:
    """`parameter`, where what its condition says of more than `most` components holds for what they came to."""
    if "pca" not in parameter.when:
        return parameter
    came_to = _largest(capped)
    values = (came_to if int(one) > most else one for one in parameter.when["pca"])
    return parameter.model_copy(update={"when": {**parameter.when, "pca": tuple(dict.fromkeys(values))}})


def _largest(pca: Parameter) -> int:
    match pca:
        case Categorical(choices=choices):
            return max(map(int, choices))
        case Fixed(value=value):
            return int(value)
    return int(pca.high)


def _no_effect(name: str, parameters: Mapping[str, Parameter], task: Task, kind: DataKind) -> str | None:
    if (why := meaningless(name, task, kind)) is not None:
        return why
    need = NEEDS.get(name)
    if need is None or isinstance(parameters[name], Fixed):
        return None
    return None if any(can_be(need.other, value, parameters) for value in need.values) else need.unmet


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
