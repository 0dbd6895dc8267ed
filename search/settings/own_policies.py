"""Samplers and pruners that are not perceptuna's, as settings: `module:name`, or `module:Class(argument=value, …)`.

Nothing of one is kept or sent but this text, by which it is made wherever it is needed. With arguments it is a class of
samplers or pruners, and its arguments are numbers, texts, and what Optuna itself has: so a text that somebody else
wrote into a database calls nothing else.
"""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from search.errors import InputError
from search.machine.importing import imported_object, module_and_name

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler

_OF_OPTUNA = ("optuna.samplers", "optuna.pruners")


def is_own(name: str) -> bool:
    """Whether the setting names one that is not perceptuna's."""
    return ":" in name


def own_sampler(said: str, seed: int) -> BaseSampler:
    """That of `--sampler`; one that takes a `seed` is given this one, unless `said` has another.

    Raises:
        InputError: it cannot be imported or made, or is no sampler.
    """
    from optuna.samplers import BaseSampler, BruteForceSampler, GridSampler

    sampler = _made(said, BaseSampler, "--sampler", seed)
    if isinstance(sampler, BruteForceSampler | GridSampler):
        raise InputError(
            f"--sampler {said}: {type(sampler).__name__} has to end the study itself, which it can in Optuna's own "
            "loop alone; list the configurations in a file for --baselines, or choose another sampler"
        )
    found: BaseSampler = sampler
    return found


def own_pruner(said: str) -> BasePruner:
    """That of `--pruner`.

    Raises:
        InputError: it cannot be imported or made, or is no pruner.
    """
    from optuna.pruners import BasePruner

    found: BasePruner = _made(said, BasePruner, "--pruner", None)
    return found


def _made(said: str, base: type, option: str, seed: int | None) -> Any:
    from optuna.exceptions import ExperimentalWarning

    name, arguments = _parts(said, option)
    found = imported_object(name, option)
    what = f"optuna's {base.__name__}"
    if isinstance(found, base) and arguments is None:
        return copy.deepcopy(found)  # it learns, and belongs to one study
    if arguments is not None and not (isinstance(found, type) and issubclass(found, base)):
        raise InputError(
            f"{option} {said}: with arguments, expected a class derived from {what}; name a function that takes none "
            "and returns it"
        )
    if not callable(found):
        raise InputError(f"{option} {said}: expected a class, a function that returns {what}, or one itself")
    try:
        with warnings.catch_warnings():
            # Whoever names it knows that it is experimental; each worker would say so.
            warnings.simplefilter("ignore", ExperimentalWarning)
            made = found(**_with_seed(found, arguments or {}, seed))
    except Exception as error:
        raise InputError(f"{option} {said}: it cannot be made: {type(error).__name__}: {error}") from error
    if not isinstance(made, base):
        raise InputError(f"{option} {said}: expected {what}, but got {type(made).__name__}")
    return made


def _with_seed(maker: Any, arguments: Mapping[str, Any], seed: int | None) -> dict[str, Any]:
    takes = seed is not None and "seed" in inspect.signature(maker).parameters
    return {**({"seed": seed} if takes else {}), **arguments}


def _parts(said: str, option: str) -> tuple[str, dict[str, Any] | None]:
    """`module:name`, and its arguments where it has any."""
    name, bracket, rest = said.partition("(")
    module_and_name(name, option, f"policies:{option.removeprefix('--')}")
    if not bracket:
        return name, None
    try:
        call = ast.parse(f"f({rest}", mode="eval").body
        if not isinstance(call, ast.Call) or call.args or not all(one.arg for one in call.keywords):
            raise ValueError("expected argument=value, with commas between")
        return name, {str(one.arg): _value(one.value) for one in call.keywords}
    except Exception as error:  # of a class of Optuna's that is made with arguments, whatever it raises
        why = error.msg if isinstance(error, SyntaxError) else error
        raise InputError(f"{option} {said}: cannot read its arguments: {why}") from None


def _value(node: ast.expr) -> Any:
    """Raises ValueError where it is neither a literal nor something of Optuna's."""
    match node:
        case ast.Constant():
            return node.value
        case ast.UnaryOp(ast.USub(), ast.Constant(value=int() | float() as number)):
            return -number
        case ast.List():
            return [_value(one) for one in node.elts]
        case ast.Tuple():
            return tuple(_value(one) for one in node.elts)
        case ast.Dict():
            return {_value(key): _value(one) for key, one in zip(node.keys, node.values, strict=True) if key}
        case ast.Call(func=made, args=[], keywords=given) if all(one.arg for one in given):
            kind = _of_optuna(ast.unparse(made))
            if isinstance(kind, type):
                return kind(**{str(one.arg): _value(one.value) for one in given})
        case ast.Attribute():
            return _of_optuna(ast.unparse(node))
    raise ValueError(
        f"expected numbers, texts, lists, or what {' and '.join(_OF_OPTUNA)} have, but got {ast.unparse(node)}"
    )


def _of_optuna(dotted: str) -> Any:
    module, _, name = dotted.rpartition(".")
    if any(f"{module}.".startswith(f"{room}.") for room in _OF_OPTUNA):
        try:
            found = getattr(importlib.import_module(module), name, None)
        except ImportError:
            found = None
        if str(getattr(found, "__module__", "")).startswith(_OF_OPTUNA):
            return found
    raise ValueError(f"expected something of {' or '.join(_OF_OPTUNA)}, but got {dotted}")
