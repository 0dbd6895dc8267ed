"""What one hyperparameter may be: a range, a list of choices, or a fixed value; perhaps on a condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from spaces.wording import Scalar, alternatives, shown

Value = StrictBool | StrictInt | StrictFloat | StrictStr


class Suggests(Protocol):
    """The part of `optuna.Trial` (and `optuna.trial.FixedTrial`) that a space calls."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float: ...

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int: ...

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any: ...


class _Parameter(BaseModel):
    # Bounds, signs and finiteness are left to checks.py, which knows the parameter's name.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    when: dict[str, tuple[Value, ...]] = Field(
        default_factory=dict, description="tried only where each of these has one of the values listed for it"
    )

    def active(self, values: Mapping[str, object]) -> bool:
        """Whether the condition is met where the other hyperparameters have `values`."""
        return all(values[name] in allowed for name, allowed in self.when.items())

    def condition(self) -> str:
        """`optimizer is sgd or rmsprop and depth is 2`; empty where there is no condition."""
        return " and ".join(f"{name} is {alternatives(allowed)}" for name, allowed in self.when.items())


class Float(_Parameter):
    """A number from `low` to `high`, both included; even over its logarithm with `log`, or in steps."""

    kind: Literal["float"] = "float"
    low: float
    high: float
    log: bool = False
    step: float | None = None

    def suggest(self, name: str, trial: Suggests) -> float:
        return trial.suggest_float(name, self.low, self.high, step=self.step, log=self.log)

    def contains(self, value: object) -> bool:
        if not isinstance(value, float) or not self.low <= value <= self.high:
            return False
        steps = 0.0 if self.step is None else (value - self.low) / self.step
        return abs(steps - round(steps)) < 1e-8  # Optuna's own tolerance

    def extent(self) -> str:
        """`1e-4 to 0.1, log`."""
        return _extent(self)


class Int(_Parameter):
    """A whole number from `low` to `high`, both included; even over its logarithm, or in steps."""

    kind: Literal["int"] = "int"
    low: int
    high: int
    log: bool = False
    step: int | None = None

    def suggest(self, name: str, trial: Suggests) -> int:
        return trial.suggest_int(name, self.low, self.high, step=self.step or 1, log=self.log)

    def values(self) -> range:
        return range(self.low, self.high + 1, self.step or 1)

    def contains(self, value: object) -> bool:
        return isinstance(value, int) and value in self.values()

    def extent(self) -> str:
        """`32 to 1,024, log`."""
        return _extent(self)


class Categorical(_Parameter):
    """One of `choices`, in no order."""

    kind: Literal["choices"] = "choices"
    choices: tuple[Value, ...]

    def suggest(self, name: str, trial: Suggests) -> Scalar:
        choice: Scalar = trial.suggest_categorical(name, self.choices)
        return choice

    def contains(self, value: object) -> bool:
        return value in self.choices

    def extent(self) -> str:
        """`relu, gelu, tanh`."""
        return ", ".join(map(shown, self.choices))


class Fixed(_Parameter):
    """Always `value`: no trial tries another."""

    kind: Literal["fixed"] = "fixed"
    value: Value

    def suggest(self, name: str, trial: Suggests) -> Scalar:
        return self.value

    def contains(self, value: object) -> bool:
        return value == self.value

    def extent(self) -> str:
        """`0.1`."""
        return shown(self.value)


Parameter = Annotated[Float | Int | Categorical | Fixed, Field(discriminator="kind")]


def last_step(low: float, high: float, step: float) -> float:
    """The largest `low + k * step` that is not above `high`, in decimal, as a person reads the numbers."""
    first, last, stride = (Decimal(str(number)) for number in (low, high, step))
    return float(first + (last - first) // stride * stride)


def _extent(parameter: Float | Int) -> str:
    words = f"{shown(parameter.low)} to {shown(parameter.high)}"
    words += ", log" if parameter.log else ""
    return words + (f", step {shown(parameter.step)}" if parameter.step is not None else "")
