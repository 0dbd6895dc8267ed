"""What may be tried, as Python writes it: `Space(depth=(1, 4), width=log(32, 512), optimizer=["adam", "sgd"])`."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import spaces
from perceptuna.errors import one_tree
from spaces.python_form import Condition, Parameter, Written, conditional, space_of

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

__all__ = ["Space", "log", "stepped", "when"]


def log(low: float, high: float) -> Written:
    """A range from `low` to `high`, both included, even over its logarithm.

    >>> pt.Space(learning_rate=pt.log(1e-4, 1e-1))
    Space(learning_rate: 1e-4 to 0.1, log)
    """
    return Written({"low": low, "high": high, "log": True})


def stepped(low: float, high: float, step: float) -> Written:
    """A range from `low` to `high` in steps.

    >>> pt.Space(width=pt.stepped(32, 512, 32))
    Space(width: 32 to 512, step 32)
    """
    return Written({"low": low, "high": high, "step": step})


def when(parameter: Parameter, **conditions: Condition) -> Written:
    """`parameter`, tried only where the other hyperparameters have these values.

    >>> pt.Space(optimizer=["adam", "sgd"], momentum=pt.when((0.8, 0.99), optimizer="sgd"))
    Space(optimizer: adam, sgd; momentum: 0.8 to 0.99 where optimizer is sgd)
    """
    return conditional(parameter, conditions)


class Space:
    """Hyperparameters by name: a tuple is a range, a list is choices, any other value is fixed.

    A distribution of Optuna's says the same: `width=optuna.distributions.IntDistribution(32, 512, log=True)`. What is
    not named takes its default. `perceptuna space show tables` and the documentation have all names.

    Args:
        extra: hyperparameters of your own by name, in the same forms, for a network of your own (`search(model=…)`).

    >>> space = pt.Space(depth=(1, 4), width=pt.log(32, 512), optimizer=["adam", "sgd"])
    >>> space
    Space(depth: 1 to 4; width: 32 to 512, log; optimizer: adam, sgd)

    Raises:
        SpaceError: a name or a value is none; a line for each mistake.
    """

    def __init__(self, *, extra: Mapping[str, Parameter] | None = None, **parameters: Parameter) -> None:
        with one_tree():
            self._space = space_of(parameters, extra=extra)

    @classmethod
    def load(
        cls, name: str | Path, *, extra: Mapping[str, Parameter] | None = None, **changes: Parameter
    ) -> Space:
        """A preset (tables, mlp, small, wide) or a space file, with `changes` in place of its own parameters.

        >>> pt.Space.load("small", depth=2).parameters["depth"]
        '2'
        """
        with one_tree():
            loaded = spaces.load_space(name)
            return cls._of(space_of(changes, loaded, extra) if changes or extra else loaded)

    @classmethod
    def _of(cls, space: spaces.Space) -> Space:
        made = cls.__new__(cls)
        made._space = space
        return made

    @property
    def parameters(self) -> dict[str, str]:
        """Name and range of each parameter, in words.

        >>> pt.Space(depth=(1, 4)).parameters
        {'depth': '1 to 4'}
        """
        return {row.name: _words(row) for row in self._space.rows()}

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """What is searched, as Optuna's distributions, `extra` among them; what is fixed has none.

        A condition is not part of a distribution.

        >>> pt.Space(depth=(1, 4), width=pt.log(32, 512), optimizer="sgd").distributions["width"]
        IntDistribution(high=512, log=True, low=32, step=1)
        """
        from optuna.distributions import BaseDistribution

        asked = {name: one.suggest(name, _Distributions()) for name, one in self._space.parameters.items()}
        return {name: one for name, one in asked.items() if isinstance(one, BaseDistribution)}

    def save(self, path: str | Path) -> Path:
        """Write it as a space file, for `perceptuna run --space`.

        >>> pt.Space(depth=(1, 4)).save("shallow.toml").read_text()
        'version = 1\\ndepth = { low = 1, high = 4 }\\n'
        """
        Path(path).write_text(self._space.to_toml(), encoding="utf-8")
        return Path(path)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Space) and self._space.fingerprint == other._space.fingerprint

    def __hash__(self) -> int:
        return hash(self._space.fingerprint)

    def __repr__(self) -> str:
        return f"Space({'; '.join(f'{name}: {words}' for name, words in self.parameters.items())})"

    def _repr_html_(self) -> str:
        rows = [
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(words)}</td></tr>"
            for name, words in self.parameters.items()
        ]
        return f"<table>{''.join(rows)}</table>"

    def __dir__(self) -> list[str]:
        return ["distributions", "load", "parameters", "save"]


class _Distributions:
    """In place of a trial: whoever asks it for a value is told the distribution."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> Any:
        from optuna.distributions import FloatDistribution

        return FloatDistribution(low, high, log=log, step=step)

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> Any:
        from optuna.distributions import IntDistribution

        return IntDistribution(low, high, log=log, step=step)

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(choices)


def _words(row: spaces.Row) -> str:
    return f"{row.range} where {row.condition}" if row.condition else row.range
