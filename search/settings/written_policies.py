"""A sampler or a pruner that a program has at hand, as the text by which it can be made anew anywhere.

Optuna keeps no arguments of its objects. They are found again among what the object holds, and the text is taken only
where what it makes holds the same: all but random numbers, since the study's own seed is given to it. So a version of
Optuna that holds them under other names has an object refused, and never another one made.
"""

from __future__ import annotations

import importlib
import inspect
import math
import warnings
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from search.errors import InputError
from search.machine.importing import name_of

_PUBLIC = ("optuna.samplers", "optuna.pruners", "optuna.samplers.nsgaii")
_NOWHERE = object()
_SEEDS = ("seed", "_seed")
_RANDOM = ("numpy.random", "optuna.samplers._lazy_random_state")


class _Unwritten(Exception):
    """There is no text for it."""


def written(policy: Any, option: str) -> str:
    """`optuna.samplers:CmaEsSampler(n_startup_trials=5)`, of a sampler or a pruner that `option` was given.

    Raises:
        InputError: its class cannot be imported elsewhere, or what it was made by cannot be found.
    """
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler

    kind = type(policy)
    if not isinstance(policy, BaseSampler | BasePruner):
        raise InputError(
            f"{option}: expected a name, a {option} of Optuna's, or a function that returns one, but got "
            f"{kind.__name__}"
        )
    name = written_class(kind, option)
    try:
        arguments = _arguments(policy)
    except _Unwritten as why:
        raise InputError(
            f"{option}: a study that is resumed has to make this {kind.__name__} again, and {why}; put a function that "
            f"returns it into a file, policies.py, and give {option}='policies:{option}'"
        ) from None
    return f"{name}({_joined(arguments)})" if arguments else name


def written_class(kind: type, option: str) -> str:
    """`optuna.samplers:CmaEsSampler`.

    Raises:
        InputError: it cannot be imported elsewhere.
    """
    public = _public_module(kind)
    return f"{public}:{kind.__name__}" if public else name_of(kind, option, f"policies:{kind.__name__}")


def _arguments(made: Any) -> dict[str, str]:
    """The fewest by which its class makes an equal one, each as Python writes it."""
    kind = type(made)
    parameters = inspect.signature(kind).parameters
    needed = [one.name for one in parameters.values() if one.default is one.empty]
    texts: dict[str, str] = {}
    values: dict[str, Any] = {}
    for name in parameters:
        if name in _SEEDS or (value := _held(made, name)) is _NOWHERE:
            continue
        try:
            texts[name], values[name] = _text(value), value
        except _Unwritten:
            continue  # it may be what its class makes by itself
    if not _makes(kind, values, made):
        raise _Unwritten("its arguments cannot be told from what it holds")
    for name in [name for name in values if name not in needed]:
        fewer = {key: value for key, value in values.items() if key != name}
        if _makes(kind, fewer, made):
            values = fewer
    return {name: texts[name] for name in values}


def _makes(kind: Callable[..., Any], arguments: Mapping[str, Any], like: Any) -> bool:
    seed = {"seed": 0} if "seed" in inspect.signature(kind).parameters else {}  # without one, some warn
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _same(kind(**arguments, **seed), like, set())
        except Exception:
            return False


def _held(made: Any, name: str) -> Any:
    """What `made`, or something of Optuna's in it, holds under the name of an argument."""
    held = _contents(made)
    within = [_contents(one) for one in held.values() if _is_optunas(type(one))]
    for contents in (held, *within):
        for key in (f"_{name}", name):
            if key in contents:
                return contents[key]
    return _NOWHERE


def _contents(made: Any) -> dict[str, Any]:
    if isinstance(made, tuple) and (names := getattr(type(made), "__match_args__", ())):
        return dict(zip(names, made, strict=True))
    return dict(getattr(made, "__dict__", {}))


def _text(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            raise _Unwritten("nan")
        return "1e999" if value > 0 else "-1e999"
    if isinstance(value, float):
        return repr(float(value))  # NumPy's are such too, and Python would call them by that name
    if value is None or type(value) in (bool, int, str):
        return repr(value)
    if type(value) in (list, tuple):
        inside = ", ".join(map(_text, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside},)" if value else "()"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(key)}: {_text(one)}" for key, one in value.items()) + "}"
    if isinstance(value, FunctionType):
        room, name = value.__module__, value.__name__
        if room.startswith(_PUBLIC) and vars(importlib.import_module(room)).get(name) is value:
            return f"{room}.{name}"
    elif public := _public_module(type(value)):
        return f"{public}.{type(value).__name__}({_joined(_arguments(value))})"
    raise _Unwritten(f"{value!r} cannot be written down")


def _same(one: Any, other: Any, seen: set[tuple[int, int]]) -> bool:
    """Whether they are equal in all that they hold, but for random numbers."""
    if one is other or (id(one), id(other)) in seen:
        return True
    if type(one) is not type(other):
        return False
    seen.add((id(one), id(other)))
    if type(one).__module__.startswith(_RANDOM):
        return True
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(_same(a, b, seen) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict):
        alike = one.keys() == other.keys()
        return alike and all(_same(one[key], other[key], seen) for key in one if key not in _SEEDS)
    if isinstance(one, FunctionType):
        return one.__code__ is other.__code__ and one.__closure__ == other.__closure__
    if hasattr(one, "__dict__") and not isinstance(one, type):
        return _same(vars(one), vars(other), seen)
    return bool(one == other)


def _is_optunas(kind: type) -> bool:
    return kind.__module__.startswith(_PUBLIC)


def _public_module(kind: type) -> str | None:
    return next(
        (name for name in _PUBLIC if getattr(importlib.import_module(name), kind.__name__, None) is kind),
        None,
    )


def _joined(arguments: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={text}" for name, text in arguments.items())
