"""Baselines: known configurations by name, from a TOML file or from those that come with perceptuna."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spaces.effects import DataKind, Task, meaningless
from spaces.errors import SpaceError, did_you_mean
from spaces.hyperparameters import VOCABULARY, Hyperparameters, default_of, explain, unknown_parameter
from spaces.shipped import Shipped
from spaces.toml_document import TomlDocument
from spaces.wording import quoted

_LISTS = Shipped("baselines", "list of baselines", "lists of baselines")
_KNOWN = Shipped("known", "list of known configurations", "lists of known configurations")
_KNOWN_OF_KIND: dict[DataKind, str] = {"image": "images", "vector": "tables", "table": "tables"}

Epochs = Annotated[int, Field(ge=1, le=100_000)]


class Baseline(BaseModel):
    """One known configuration. `epochs` and `patience` are the study's where it names none."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Annotated[str, Field(min_length=1, max_length=80)]
    hyperparameters: Hyperparameters
    epochs: Epochs | None = None
    patience: Epochs | None = None


def baseline_names() -> list[str]:
    """Names of the lists that come with perceptuna."""
    return _LISTS.names()


def known_configurations(task: Task, kind: DataKind, components: int) -> list[Baseline]:
    """Those that are known to be good on such data, the best first, without what has no meaning for them.

    Args:
        components: principal components that images have; more of them are the same network.
    """
    return [_meant(one, task, kind, components) for one in _baselines_in(_KNOWN.read(_KNOWN_OF_KIND[kind]))]


def _meant(one: Baseline, task: Task, kind: DataKind, components: int) -> Baseline:
    values = one.hyperparameters.model_dump()
    values |= {name: default_of(name) for name in values if meaningless(name, task, kind)}
    values["pca"] = min(one.hyperparameters.pca, components)
    return one.model_copy(update={"hyperparameters": Hyperparameters.from_values(values)})


def load_baselines(name_or_path: str | Path) -> list[Baseline]:
    """The list of this name, or else that in the TOML file at this path, in its order.

    Each `[[baseline]]` has a `name`, hyperparameters, and `epochs` and `patience` if it wants its own; `like`
    names an entry above it from which it takes what it does not say.

    Raises:
        SpaceError: there is neither, or the file is no such list; one line for each mistake in it, with the
            file, the line, what was expected, what was found and what to do.
    """
    return _baselines_in(_LISTS.read(name_or_path))


def _baselines_in(document: TomlDocument) -> list[Baseline]:
    entries = document.entries.get("baseline")
    problems = [
        f"{document.at((key,))}: {quoted(key)} is no part of a list of baselines; expected version and [[baseline]]"
        for key in document.entries
        if key not in ("version", "baseline")
    ]
    if (version := document.entries.get("version", 1)) != 1:
        problems.append(f"{document.at(('version',))}: version must be 1, but got {quoted(version)}")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        problems.append(f"{document.path}: holds no baselines; begin each with a line [[baseline]]")
        raise SpaceError("\n".join(problems))
    values: dict[str, dict[str, Any]] = {}
    found: list[Baseline] = []
    for index, entry in enumerate(entries):
        mistakes = list(_mistakes(entry, values))
        if not mistakes:
            values[entry["name"]] = {**values.get(entry.get("like", ""), {}), **entry}
            mistakes = list(_read(values[entry["name"]], found))
        place = ("baseline", index)
        problems += [f"{document.at((*place, key) if key else place)}: {text}" for key, text in mistakes]
    if problems:
        raise SpaceError("\n".join(problems))
    return found


def _mistakes(entry: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with an entry's own keys, as key and sentence."""
    name, like = entry.get("name"), entry.get("like")
    if "name" not in entry:
        yield "", 'the baseline has no name; write one, such as name = "my best"'
    elif not isinstance(name, str) or not 1 <= len(name) <= 80 or not name.isprintable():
        yield "name", f"name must be text of 1 to 80 characters, but got {quoted(name)}"
    elif name in known:
        yield "name", f"there is a baseline {quoted(name)} above; give each a name of its own"
    if like is not None and like not in known:
        hint = did_you_mean(str(like), known)
        yield "like", f"like must name a baseline above this one, but got {quoted(like)}{hint}"
    for key in entry:
        if key not in ("name", "like", "epochs", "patience", *VOCABULARY):
            yield key, unknown_parameter(key)


def _read(values: Mapping[str, Any], found: list[Baseline]) -> Iterator[tuple[str, str]]:
    """Append the baseline of `values` to `found`, or say what is wrong with it."""
    try:
        hyperparameters = Hyperparameters.model_validate({k: v for k, v in values.items() if k in VOCABULARY})
        limits = {key: values[key] for key in ("epochs", "patience") if key in values}
        found.append(Baseline(name=values["name"], hyperparameters=hyperparameters, **limits))
    except ValidationError as exc:
        for error in exc.errors():
            key = str(error["loc"][0]) if error["loc"] else ""
            yield key, f"{key}: {explain(error)}" if key else explain(error)
