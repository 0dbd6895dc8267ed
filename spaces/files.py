"""Space files and the presets that come with perceptuna."""

from __future__ import annotations

from pathlib import Path

from spaces.checks import Problem
from spaces.effects import DataKind
from spaces.errors import SpaceError
from spaces.shipped import Shipped
from spaces.space import Space
from spaces.toml_document import TomlDocument, located
from spaces.toml_form import read_parameters

AUTO = "auto"
"""In place of a preset's name: the one for the kind of the data."""
_OF_KIND: dict[DataKind, str] = {"image": "mlp", "vector": "tables", "table": "tables"}
_PRESETS = Shipped("presets", "preset", "presets", first=("tables", "mlp"))


def preset_names() -> list[str]:
    """Names of the presets, that of tables first."""
    return _PRESETS.names()


def preset_for(kind: DataKind) -> str:
    """The preset that `auto` is for such data."""
    return _OF_KIND[kind]


def load_space(name_or_path: str | Path) -> Space:
    """The preset of this name, or else the space in the TOML file at this path.

    A file that is named like a preset is reached as `./mlp`.

    Raises:
        SpaceError: there is neither, or the file is no space; one line for each mistake in it, with
            the file, the line, what was expected, what was found and what to do.
    """
    if str(name_or_path) == AUTO and not Path(AUTO).exists():
        kinds = ", ".join(f"{preset} for {kind}s" for kind, preset in _OF_KIND.items())
        raise SpaceError(f"{AUTO} is no space by itself, but {kinds}; name one of these")
    return _space_in(_PRESETS.read(name_or_path))


def _space_in(document: TomlDocument) -> Space:
    parameters, problems = read_parameters(document.entries)
    if problems:
        placed = sorted(
            ((_line(document, problem), problem.text) for problem in problems), key=lambda pair: pair[0]
        )
        raise SpaceError("\n".join(f"{located(document.path, line)}: {text}" for line, text in placed))
    return Space.of(parameters)


def _line(document: TomlDocument, problem: Problem) -> int:
    # A choice stands at ("depth", "choices", 1) or, in short, at ("depth", 1); a parent's line is above.
    short = tuple(key for key in problem.path if key != "choices")
    return max(document.line_of(problem.path), document.line_of(short))
