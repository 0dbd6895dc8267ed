"""A space: what may be tried for each hyperparameter, and on what condition."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Literal, NamedTuple, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_serializer,
)

from spaces.checks import EXTRA, problems_of, suggestion_order
from spaces.effects import DataKind, Task
from spaces.errors import SpaceError
from spaces.hyperparameters import (
    MOST_COMPONENTS,
    OF_ONES_OWN,
    VOCABULARY,
    Hyperparameters,
    default_of,
    kind_of,
)
from spaces.parameters import Categorical, Fixed, Float, Int, Parameter, Suggests
from spaces.restriction import restrict
from spaces.wording import Scalar, quoted, shown


class Row(NamedTuple):
    """One line of `perceptuna space show`."""

    name: str
    kind: str
    range: str
    condition: str


class Space(BaseModel):
    """Parameters by name, in the vocabulary's order; what is not among them takes `Hyperparameters`' default.

    Conditions look at the hyperparameters a trial ends up with: a parameter whose own condition is not met
    counts with its default.

    `extra` names those of one's own, behind the others, for the function that `network` names; both are empty where
    trials are of our network.

    Raises:
        SpaceError: the parameters do not make a space; one line for each reason.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: Literal[1] = 1
    extra: tuple[str, ...] = ()
    network: str = ""
    parameters: dict[str, Parameter]

    @field_validator("parameters")
    @classmethod
    def _checked(cls, parameters: dict[str, Parameter], others: ValidationInfo) -> dict[str, Parameter]:
        extra = others.data.get("extra", ())
        if problems := problems_of(parameters, extra=extra):
            raise SpaceError("\n".join(problem.text for problem in problems))
        names = (*VOCABULARY, *extra)
        return {name: _normal(name, parameters[name]) for name in names if name in parameters}

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What is of one's own is written only where there is any: others are kept as they always were."""
        written: dict[str, Any] = write(self)
        return {name: value for name, value in written.items() if name not in OF_ONES_OWN or value}

    @classmethod
    def of(cls, parameters: Mapping[str, Parameter]) -> Self:
        """Those that the vocabulary does not have are of one's own."""
        extra = tuple(name for name in parameters if name not in VOCABULARY)
        return cls(extra=extra, parameters=dict(parameters))

    def for_network(self, network: str) -> Self:
        """The same, whose trials are of the network that a function of one's own builds, `module:name`."""
        return type(self)(extra=self.extra, network=network, parameters=self.parameters)

    @cached_property
    def order(self) -> list[str]:
        """Names in the order in which `suggest` asks for them."""
        return [*suggestion_order(self.parameters), *self.extra]

    def suggest(self, trial: Suggests) -> Hyperparameters:
        """Hyperparameters of `trial` (an `optuna.Trial`), whose parameters have the vocabulary's names."""
        values: dict[str, object] = {name: default_of(name) for name in VOCABULARY}
        extra = []
        for name in self.order:
            parameter = self.parameters[name]
            if name in self.extra:
                extra.append((name, parameter.suggest(name, trial)))
            elif parameter.active(values):
                values[name] = parameter.suggest(name, trial)
        return Hyperparameters.model_validate({**values, "network": self.network, "extra": tuple(extra)})

    def contains(self, hyperparameters: Hyperparameters) -> list[str]:
        """Why `hyperparameters` cannot come out of `suggest`, one sentence each; empty if they can."""
        values = hyperparameters.named
        reasons = self._of_another_network(hyperparameters)
        for name, value in values.items():
            parameter = self.parameters.get(name)
            if parameter is None and name not in VOCABULARY:
                continue
            if parameter is None:
                why = "is not in this space, so it must be"
            elif not parameter.active(values):
                why = f"counts only where {parameter.condition()}, so here it must be"
            elif not parameter.contains(value):
                reasons.append(f"{name}: must be within {parameter.extent()}, but got {quoted(value)}")
                continue
            else:
                continue
            if value != default_of(name):
                reasons.append(f"{name}: {why} {shown(default_of(name))}, but got {quoted(value)}")
        return reasons

    def _of_another_network(self, hyperparameters: Hyperparameters) -> list[str]:
        extra = tuple(name for name, _ in hyperparameters.extra)
        if (hyperparameters.network, extra) == (self.network, self.extra):
            return []
        return [f"they are of {hyperparameters.network or 'our network'}, and this space of another one"]

    def params_of(self, hyperparameters: Hyperparameters) -> dict[str, Scalar]:
        """What to give `study.enqueue_trial` so that `suggest` returns `hyperparameters`.

        Raises:
            SpaceError: they are not in this space (Optuna would only warn, or ignore them).
        """
        if reasons := self.contains(hyperparameters):
            raise SpaceError("\n".join(reasons))
        values = hyperparameters.named
        return {
            name: values[name]
            for name, parameter in self.parameters.items()
            if not isinstance(parameter, Fixed) and parameter.active(values)
        }

    def restricted_to(
        self, task: Task, kind: DataKind, components: int = MOST_COMPONENTS
    ) -> tuple[Space, list[str]]:
        """This space without what changes nothing for such data, and a sentence for each loss.

        Args:
            components: how many principal components images have, where that is known.
        """
        if self.network:  # what a function of the user's makes of each is not known
            return self, []
        parameters, notes = restrict(self.parameters, task, kind, components)
        return Space(parameters=parameters), notes

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 in hexadecimal; equal exactly where two spaces try the same things under the same names.

        The order of choices counts, as it does for Optuna; the order of parameters does not.
        """
        parameters = {
            name: parameter.model_dump(mode="json", exclude_defaults=True)
            for name, parameter in self.parameters.items()
        }
        of_own = {"network": self.network} if self.network else {}
        text = json.dumps({"version": self.version, "parameters": parameters} | of_own, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def diff(self, newer: Space) -> list[str]:
        """What `newer` changes: `width: high 512 -> 1,024`, `momentum: new`, `l2: gone`."""
        changes = [f"model: {self.network} -> {newer.network}"] * (self.network != newer.network)
        for name in dict.fromkeys((*VOCABULARY, *self.extra, *newer.extra)):
            old, new = self.parameters.get(name), newer.parameters.get(name)
            if old is None or new is None:
                if old is not new:
                    changes.append(f"{name}: {'new' if old is None else 'gone'}")
            else:
                changes += [f"{name}: {change}" for change in _changes(old, new)]
        return changes

    def to_json(self) -> str:
        """JSON to store with a study; `from_json` reads it back."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The space that `to_json` wrote.

        Raises:
            SpaceError: not such JSON, or written by a release that knows more than this one.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as exc:
            first = exc.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the text"
            raise SpaceError(
                f"not a stored space of version 1: {place}: {first['msg']}; did a newer perceptuna write it?"
            ) from exc

    def to_toml(self) -> str:
        """A space file, one line for each parameter; `load_space` reads it back."""
        lines = [f"version = {self.version}"]
        for name, parameter in self.parameters.items():
            lines += ["", f"[{EXTRA}]"] * (name in self.extra[:1])
            lines.append(f"{name} = {_toml(parameter)}")
        return "\n".join(lines) + "\n"

    def summary(self) -> str:
        """`15 parameters, 6 continuous; 3 conditional; 2 fixed`."""
        tried = [p for p in self.parameters.values() if not isinstance(p, Fixed)]
        continuous = sum(isinstance(p, Float) and p.step is None for p in tried)
        words = [f"{len(tried)} parameter{'s' * (len(tried) != 1)}, {continuous or 'none'} continuous"]
        if conditional := sum(bool(p.when) for p in tried):
            words.append(f"{conditional} conditional")
        if fixed := len(self.parameters) - len(tried):
            words.append(f"{fixed} fixed")
        return "; ".join(words)

    def rows(self) -> list[Row]:
        """Name, kind, range and condition of each parameter, as text for a table."""
        return [Row(name, p.kind, p.extent(), p.condition()) for name, p in self.parameters.items()]


def _normal(name: str, parameter: Parameter) -> Parameter:
    """One form for what means the same, so that it has one fingerprint: `1` for a float is `1.0`."""
    changes: dict[str, object] = {
        "when": {
            other: tuple(sorted({_typed(other, value) for value in parameter.when[other]}))
            for other in VOCABULARY
            if other in parameter.when
        }
    }
    match parameter:
        case Categorical(choices=choices):
            changes["choices"] = tuple(_typed(name, choice) for choice in choices)
        case Fixed(value=value):
            changes["value"] = _typed(name, value)
        case Int(step=1):
            changes["step"] = None
    return parameter.model_copy(update=changes)


def _typed(name: str, value: Scalar) -> Scalar:
    return float(value) if name in VOCABULARY and kind_of(name) == "float" else value


def _changes(old: Parameter, new: Parameter) -> Iterator[str]:
    if old.kind != new.kind:
        yield f"{_whole(old)} -> {_whole(new)}"
    else:
        before, after = old.model_dump(exclude={"when"}), new.model_dump(exclude={"when"})
        for key in before:
            if before[key] != after[key]:
                yield f"{key} {_part(before[key])} -> {_part(after[key])}"
    if old.when != new.when:
        yield f"condition {old.condition() or 'none'} -> {new.condition() or 'none'}"


def _whole(parameter: Parameter) -> str:
    words = {"float": "range", "int": "range", "choices": "choices", "fixed": "fixed at"}
    return f"{words[parameter.kind]} {parameter.extent()}"


def _part(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(shown, value))
    return "none" if value is None else shown(value)


def _toml(parameter: Parameter) -> str:
    entries = parameter.model_dump(exclude={"kind"}, exclude_defaults=True)
    if len(entries) == 1 and isinstance(parameter, Categorical | Fixed):
        return _toml_value(next(iter(entries.values())))
    return _toml_value({key: entries[key] for key in sorted(entries, key=lambda key: key == "when")})


def _toml_value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml_value(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml_value, value)) + "]"
    return repr(value) if isinstance(value, float) else json.dumps(value)
