"""Parameters as Python writes them: (low, high) is a range, a list is choices, anything else is a value.

A distribution of Optuna's is known by its name and what it holds: a space is made without Optuna.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from spaces.checks import EXTRA
from spaces.errors import SpaceError
from spaces.parameters import Categorical, Fixed, Float, Int
from spaces.space import Space
from spaces.toml_form import read_parameters
from spaces.wording import Scalar

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Condition = Scalar | Sequence[Scalar]


@dataclass(frozen=True)
class Written:
    """A parameter as the table of a space file has it: `low` and `high`, `choices` or `value`, and `when`."""

    entry: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.entry.items())


Parameter: TypeAlias = "Scalar | tuple[float, float] | list[Any] | Written | BaseDistribution"


def written(parameter: Parameter) -> Written:
    """`(1, 4)`, `["adam", "sgd"]`, `0.1` or `IntDistribution(1, 4)` as a table.

    Raises:
        SpaceError: a tuple is not of two values.
    """
    if isinstance(parameter, Written):
        return parameter
    if type(parameter).__module__ == "optuna.distributions":
        return _of_optuna(parameter)
    if isinstance(parameter, tuple):
        if len(parameter) != 2:
            raise SpaceError(
                f"a range is (low, high), but got {parameter!r}; choices are a list: {list(parameter)!r}"
            )
        return Written({"low": _plain(parameter[0]), "high": _plain(parameter[1])})
    if isinstance(parameter, list):
        return Written({"choices": [_plain(choice) for choice in parameter]})
    return Written({"value": _plain(parameter)})


def _of_optuna(distribution: Any) -> Written:
    """Of an Int-, Float- or CategoricalDistribution; a step of 1 goes without saying in the first."""
    if hasattr(distribution, "choices"):
        return Written({"choices": [_plain(choice) for choice in distribution.choices]})
    entry = {"low": distribution.low, "high": distribution.high}
    if distribution.log:
        entry["log"] = True
    if distribution.step is not None and not (isinstance(distribution.low, int) and distribution.step == 1):
        entry["step"] = distribution.step
    return Written(entry)


def conditional(parameter: Parameter, when: Mapping[str, Condition]) -> Written:
    """`parameter`, tried only where each of `when` has its value, or one of its values."""
    conditions = {
        name: [_plain(value) for value in (values if isinstance(values, list | tuple) else [values])]
        for name, values in when.items()
    }
    return Written({**written(parameter).entry, "when": conditions})


def space_of(
    parameters: Mapping[str, Parameter],
    base: Space | None = None,
    extra: Mapping[str, Parameter] | None = None,
) -> Space:
    """A space of `parameters`, or `base` with them in place of its own; `extra` are hyperparameters of the user's own.

    Raises:
        SpaceError: they make no space; a line for each mistake.
    """
    entries: dict[str, Any] = {}
    of_own: dict[str, Any] = {}
    for name, one in () if base is None else base.parameters.items():
        (of_own if base is not None and name in base.extra else entries)[name] = _entry(one)
    problems: list[str] = []
    for into, given in ((entries, parameters), (of_own, extra or {})):
        for name, parameter in given.items():
            try:
                into[name] = dict(written(parameter).entry)
            except SpaceError as error:
                problems.append(f"{name}: {error}")
    read, found = read_parameters(entries | ({EXTRA: of_own} if of_own else {}))
    if problems or found:
        raise SpaceError("\n".join([*problems, *(problem.text for problem in found if not problems)]))
    return Space.of(read)


def _entry(parameter: Float | Int | Categorical | Fixed) -> dict[str, Any]:
    """As a space file has it, with lists for tuples."""
    told = parameter.model_dump(exclude={"kind", "when"}, exclude_defaults=True)
    entry = {key: list(value) if isinstance(value, tuple) else value for key, value in told.items()}
    return entry | (
        {"when": {name: list(values) for name, values in parameter.when.items()}} if parameter.when else {}
    )


def _plain(value: Any) -> Any:
    """A number of NumPy as one of Python."""
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", None) == 0 else value
