"""Whether parameters make a space: legal values, ranges the right way round, conditions that can be met."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from spaces.hyperparameters import (
    VOCABULARY,
    default_of,
    kind_of,
    too_wide,
    unknown_parameter,
    value_problem,
    words_of,
)
from spaces.parameters import Categorical, Fixed, Float, Int, Parameter, last_step
from spaces.wording import Scalar, quoted, shown

EXTRA = "extra"
"""The table of a space file that holds hyperparameters of one's own."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")


class Problem(NamedTuple):
    """What is wrong at `path`, such as `("learning_rate", "low")`, and what to do about it."""

    path: tuple[str | int, ...]
    text: str


def problems_of(
    parameters: Mapping[str, Parameter], unread: Collection[str] = (), extra: Collection[str] = ()
) -> list[Problem]:
    """Everything that keeps `parameters` from being a space; empty if nothing does.

    `unread` names parameters that were written but could not be read: what depends on them is not judged. `extra` names
    those of one's own.
    """
    known = {name: parameter for name, parameter in parameters.items() if name in VOCABULARY}
    found = [
        Problem((name,), unknown_parameter(name)) for name in parameters if name not in {*VOCABULARY, *extra}
    ]
    for name in extra:
        found += _extra_problems(name, parameters.get(name))
    for name, parameter in known.items():
        found += _own_problems(name, parameter)
    unsound = {*unread, *(problem.path[0] for problem in found)}
    for name, parameter in known.items():
        found += _condition_problems(name, parameter, known, unsound)
    if found or unread:
        return found
    try:
        order = suggestion_order(known)
    except CycleError as exc:
        circle = exc.args[1]
        text = f"{circle[0]}: conditions go round in a circle: {' -> '.join(circle)}; drop one of them"
        return [Problem((circle[0], "when"), text)]
    found += [
        Problem((name, "when"), f"{name}: its condition can never be met: {known[name].condition()}")
        for name in order
        if known[name].when and not _can_be_met(name, known, order)
    ]
    return found + _width_problems(known)


def suggestion_order(parameters: Mapping[str, Parameter]) -> list[str]:
    """Names in the vocabulary's order, except that a parameter comes after those its condition names.

    Raises:
        graphlib.CycleError: conditions go round in a circle.
    """
    sorter = TopologicalSorter(
        {
            name: [n for n in parameters[name].when if n in parameters]
            for name in VOCABULARY
            if name in parameters
        }
    )
    sorter.prepare()
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=VOCABULARY.index)
        order += ready
        sorter.done(*ready)
    return order


def _extra_problems(name: str, parameter: Parameter | None) -> Iterator[Problem]:
    """Of a hyperparameter of one's own, None where it could not be read."""
    path = (EXTRA, name)
    if name in VOCABULARY:
        yield Problem(path, f"{name}: is a hyperparameter that is known; write it above [{EXTRA}]")
    elif _NAME.fullmatch(name) is None:
        yield Problem(
            path, f"{name!r}: a name is of letters, digits and _, begins with a letter, has at most 60"
        )
    elif parameter is not None:
        for problem in _own_problems(name, parameter):
            yield Problem((EXTRA, *problem.path), problem.text)


def _own_problems(name: str, parameter: Parameter) -> Iterator[Problem]:
    def problem(key: str | int, text: str, *more: int) -> Problem:
        return Problem((name, key, *more), f"{name}: {text}")

    match parameter:
        case Float() | Int():
            yield from _range_problems(name, parameter, problem)
        case Fixed(value=value):
            if (why := value_problem(name, value)) is not None:
                yield problem("value", why)
        case Categorical(choices=()):
            yield problem("choices", "has no choices; list at least one")
        case Categorical(choices=choices):
            for place, choice in enumerate(choices):
                if (why := value_problem(name, choice)) is not None:
                    yield problem("choices", why, place)
                elif choice in choices[:place]:
                    yield problem("choices", f"{quoted(choice)} is listed twice; drop one", place)


def _range_problems(
    name: str, parameter: Float | Int, problem: Callable[[str, str], Problem]
) -> Iterator[Problem]:
    kind = kind_of(name) if name in VOCABULARY else parameter.kind
    low, high, step = parameter.low, parameter.high, parameter.step
    if kind in ("bool", "word"):
        options = words_of(name) or (True, False)
        yield problem("low", f"takes choices, not a range; list some of {', '.join(map(shown, options))}")
        return
    if kind != parameter.kind:
        wanted = "whole numbers: use Int" if kind == "int" else "floats: use Float"
        yield problem("low", f"takes {wanted}, not {type(parameter).__name__}")
        return
    bounds = {"low": low, "high": high}
    refused = [
        problem(key, f"{key} {why}") for key, bound in bounds.items() if (why := value_problem(name, bound))
    ]
    if refused:
        yield from refused
    elif low > high:
        yield problem("low", f"low {shown(low)} is above high {shown(high)}; swap them")
    elif parameter.log and low <= 0:
        yield problem("log", f"log needs a low above 0, but got {shown(low)}; raise low or drop log")
    elif parameter.log and step is not None:
        yield problem("step", "log and step exclude each other; drop one")
    elif step is not None and not (math.isfinite(step) and step > 0):
        yield problem("step", f"step must be a finite number above 0, but got {shown(step)}")
    elif step is not None and (last := last_step(low, high, step)) != high:
        reached = type(low)(last)
        yield problem(
            "step",
            f"high {shown(high)} is not reached from low {shown(low)} in steps of {shown(step)}; "
            f"the last one is {shown(reached)}, so make that high or change step",
        )


def _condition_problems(
    name: str, parameter: Parameter, parameters: Mapping[str, Parameter], unsound: Collection[object]
) -> Iterator[Problem]:
    for other, allowed in parameter.when.items():
        path = (name, "when", other)
        if other not in VOCABULARY:
            yield Problem(path, f"{name}: when: {unknown_parameter(other)}")
        elif not allowed:
            yield Problem(path, f"{name}: when: {other} has no values; list at least one")
        elif other in unsound:
            continue
        elif isinstance(parameters.get(other), Float):
            text = f"{name}: when: {other} is a range of floats; a condition needs choices or whole numbers"
            yield Problem(path, text)
        else:
            for value in allowed:
                if (why := value_problem(other, value)) is not None:
                    yield Problem(path, f"{name}: when: {other} {why}")
                elif not can_be(other, value, parameters):
                    text = (
                        f"{other} is never {quoted(value)} in this space{_what_it_can_be(other, parameters)}"
                    )
                    yield Problem(path, f"{name}: when: {text}")


def can_be(name: str, value: Scalar, parameters: Mapping[str, Parameter]) -> bool:
    """Whether some trial has `value` for hyperparameter `name`, its own condition left aside."""
    parameter = parameters.get(name)
    by_default = parameter is None or bool(parameter.when)
    return (by_default and value == default_of(name)) or (parameter is not None and parameter.contains(value))


def _what_it_can_be(name: str, parameters: Mapping[str, Parameter]) -> str:
    if (parameter := parameters.get(name)) is None:
        return f": it is not searched, so it is always {shown(default_of(name))}"
    return f", only {parameter.extent()}" if not parameter.when else ""


def _can_be_met(name: str, parameters: Mapping[str, Parameter], order: list[str]) -> bool:
    """Whether some choice of the parameters that `name` depends on meets its condition, theirs included."""
    needed = _ancestors(name, parameters)
    ancestors = [other for other in order if other in needed]
    named = {other: _named_values(other, parameters) for other in ancestors}

    def search(place: int, values: dict[str, Scalar]) -> bool:
        if place == len(ancestors):
            return parameters[name].active(values)
        other = ancestors[place]
        candidates = _candidates(other, parameters[other], named[other], values)
        return any(search(place + 1, {**values, other: value}) for value in candidates)

    return search(0, {other: default_of(other) for other in VOCABULARY})


def _ancestors(name: str, parameters: Mapping[str, Parameter]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        others = [
            other for other in parameters[waiting.pop()].when if other in parameters and other not in found
        ]
        found.update(others)
        waiting += others
    return found


def _named_values(name: str, parameters: Mapping[str, Parameter]) -> set[Scalar]:
    return {value for parameter in parameters.values() for value in parameter.when.get(name, ())}


def _candidates(
    name: str, parameter: Parameter, named: set[Scalar], values: Mapping[str, Scalar]
) -> Iterable[Scalar]:
    if not parameter.active(values):
        return [default_of(name)]
    match parameter:
        case Categorical(choices=choices):
            return choices
        case Int():
            # All values that no condition names are alike: one of them stands for all.
            unnamed = next((value for value in parameter.values() if value not in named), None)
            inside = [value for value in named if parameter.contains(value)]
            return inside if unnamed is None else [*inside, unnamed]
        case Fixed(value=value):
            return [value]
    return [default_of(name)]


def _width_problems(parameters: Mapping[str, Parameter]) -> list[Problem]:
    largest = {name: _largest(name, parameters.get(name)) for name in ("depth", "width", "taper")}
    text = too_wide(int(largest["depth"]), int(largest["width"]), largest["taper"])
    place = next((name for name in ("taper", "width", "depth") if name in parameters), "taper")
    return [Problem((place,), f"{place}: {text}")] if text else []


def _largest(name: str, parameter: Parameter | None) -> float:
    values = [default_of(name)] if parameter is None or parameter.when else []
    match parameter:
        case Float(high=high) | Int(high=high):
            values.append(high)
        case Categorical(choices=choices):
            values += choices
        case Fixed(value=value):
            values.append(value)
    return max(map(float, values))
