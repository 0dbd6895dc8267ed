"""Parameters as a space file writes them: a range, a list of choices, a value, or a table of these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from spaces.checks import EXTRA, Problem, problems_of
from spaces.errors import did_you_mean
from spaces.hyperparameters import VOCABULARY, explain, kind_of, unknown_parameter
from spaces.parameters import Categorical, Fixed, Float, Int, Parameter
from spaces.wording import quoted

_RANGE_KEYS = ("low", "high", "log", "step", "when")
_FORMS = "a range { low = …, high = … }, a list of choices or a value"


def read_parameters(entries: Mapping[str, Any]) -> tuple[dict[str, Parameter], list[Problem]]:
    """Parameters from a space file's entries, and everything that is wrong with them.

    Those of one's own are behind the others: they are the ones whose names the vocabulary does not have.
    """
    parameters: dict[str, Parameter] = {}
    problems: list[Problem] = []
    unread = set()
    for name, entry in entries.items():
        if name == "version":
            problems += _version_problems(entry)
        elif name == EXTRA:
            continue
        elif name not in VOCABULARY:
            problems.append(Problem((name,), unknown_parameter(name)))
        else:
            parameter, found = _read(name, entry)
            problems += found
            if parameter is None:
                unread.add(name)
            else:
                parameters[name] = parameter
    extra, found = _read_extra(entries.get(EXTRA, {}))
    problems += found
    if not parameters and not extra and not problems:
        problems.append(
            Problem((), "holds no parameters; write one to a line, such as depth = { low = 1, high = 4 }")
        )
    of_own = [name for name in extra if name not in VOCABULARY]
    together = parameters | {name: extra[name] for name in of_own}
    return together, problems + problems_of(together, unread, of_own)


def _read_extra(entries: Any) -> tuple[dict[str, Parameter], list[Problem]]:
    """Hyperparameters of one's own; what is wrong with their values is left to `problems_of`."""
    if not isinstance(entries, dict):
        return {}, [
            Problem((EXTRA,), f"[{EXTRA}] must be a table of hyperparameters, but got {quoted(entries)}")
        ]
    parameters: dict[str, Parameter] = {}
    problems: list[Problem] = []
    for name, entry in entries.items():
        if name in VOCABULARY:
            problems += problems_of({}, extra=[name])
            continue
        parameter, found = _read(name, entry)
        if isinstance(entry, dict) and "when" in entry:
            text = f"{name}: one of your own takes no condition; let your function leave it aside"
            found = [Problem((name, "when"), text)]
        problems += [Problem((EXTRA, *problem.path), problem.text) for problem in found]
        if parameter is not None and not found:
            parameters[name] = parameter
    return parameters, problems


def _version_problems(version: object) -> list[Problem]:
    if version == 1 and isinstance(version, int) and not isinstance(version, bool):
        return []
    text = f"version must be 1, but got {quoted(version)}; a later version needs a later perceptuna"
    return [Problem(("version",), text)]


def _read(name: str, written: Any) -> tuple[Parameter | None, list[Problem]]:
    entry: dict[str, Any] = written
    if not isinstance(written, dict):
        entry = {"choices": written} if isinstance(written, list) else {"value": written}
    when, problems = _read_condition(name, entry.get("when", {}))
    for form in ("choices", "value"):
        if form in entry:
            problems += _key_problems(name, entry, (form, "when")) + _plain_problems(name, form, entry[form])
            if problems:
                return None, problems
            if form == "choices":
                return Categorical(choices=tuple(entry[form]), when=when), []
            return Fixed(value=entry[form], when=when), []
    problems += _key_problems(name, entry, _RANGE_KEYS) or [
        Problem((name,), f"{name}: {key} is missing; write {_FORMS}")
        for key in ("low", "high")
        if key not in entry
    ]
    return (None, problems) if problems else _read_range(name, {**entry, "when": when})


def _read_range(name: str, entry: Mapping[str, Any]) -> tuple[Parameter | None, list[Problem]]:
    model = Int if _is_whole(name, entry) else Float
    try:
        return model.model_validate(entry), []
    except ValidationError as exc:
        return None, [
            Problem((name, str(error["loc"][0])), f"{name}: {error['loc'][0]} {explain(error)}")
            for error in exc.errors()
        ]


def _is_whole(name: str, entry: Mapping[str, Any]) -> bool:
    """One of one's own is whole where all of its numbers are written so: 8, not 8.0."""
    if name in VOCABULARY:
        return kind_of(name) == "int"
    return all(isinstance(entry.get(key, 0), int) for key in ("low", "high", "step"))


def _plain_problems(name: str, form: str, written: object) -> list[Problem]:
    if form == "choices" and not isinstance(written, list):
        return [Problem((name, form), f"{name}: choices must be a list, but got {quoted(written)}")]
    values = written if form == "choices" and isinstance(written, list) else [written]
    return [
        Problem((name, form, place) if form == "choices" else (name, form), f"{name}: {_not_plain(value)}")
        for place, value in enumerate(values)
        if not _is_plain(value)
    ]


def _key_problems(name: str, entry: Mapping[str, object], allowed: tuple[str, ...]) -> list[Problem]:
    known = {*_RANGE_KEYS, "choices", "value"}
    problems = []
    for key in entry:
        if key in allowed:
            continue
        if key in known:
            text = f"{key} does not go with {allowed[0]}; drop one"
        else:
            text = f"unknown key {key!r}" + (did_you_mean(key, known) or f"; expected {_FORMS}")
        problems.append(Problem((name, key), f"{name}: {text}"))
    return problems


def _read_condition(name: str, when: object) -> tuple[dict[str, tuple[Any, ...]], list[Problem]]:
    if not isinstance(when, dict):
        text = f'{name}: when must be a table such as {{ optimizer = ["sgd"] }}, but got {quoted(when)}'
        return {}, [Problem((name, "when"), text)]
    lists = {other: values if isinstance(values, list) else [values] for other, values in when.items()}
    problems = [
        Problem((name, "when", other), f"{name}: when: {_not_plain(value)}")
        for other, values in lists.items()
        for value in values
        if not _is_plain(value)
    ]
    return {other: tuple(values) for other, values in lists.items()}, problems


def _is_plain(value: object) -> bool:
    return isinstance(value, bool | int | float | str)


def _not_plain(value: object) -> str:
    names = {"dict": "a table", "list": "a list"}
    got = names.get(type(value).__name__, f"a {type(value).__name__}")
    return f"expected a number, true, false or a word in quotes, but got {got}"
