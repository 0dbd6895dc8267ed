"""Space files and the presets that come with perceptuna."""

from __future__ import annotations

from pathlib import Path

from spaces.checks import Problem
from spaces.errors import SpaceError
from spaces.shipped import Shipped
from spaces.space import Space
from spaces.toml_document import TomlDocument, located
from spaces.toml_form import read_parameters

DEFAULT_PRESET = "mlp"
_PRESETS = Shipped("presets", "preset", "presets", first=DEFAULT_PRESET)


def preset_names() -> list[str]:
    """Names of the presets, the default first."""
    return _PRESETS.names()


def load_space(name_or_path: str | Path) -> Space:
    """The preset of this name, or else the space in the TOML file at this path.

    A file that is named like a preset is reached as `./mlp`.

    Raises:
        SpaceError: there is neither, or the file is no space; one line for each mistake in it, with
            the file, the line, what was expected, what was found and what to do.
    """
    return _space_in(_PRESETS.read(name_or_path))


def _space_in(document: TomlDocument) -> Space:
    parameters, problems = read_parameters(document.entries)
    if problems:
        placed = sorted(
            ((_line(document, problem), problem.text) for problem in problems), key=lambda pair: pair[0]
        )
        raise SpaceError("\n".join(f"{located(document.path, line)}: {text}" for line, text in placed))
    return Space(parameters=parameters)


def _line(document: TomlDocument, problem: Problem) -> int:
    # A choice stands at ("depth", "choices", 1) or, in short, at ("depth", 1); a parent's line is above.
    short = tuple(key for key in problem.path if key != "choices")
    return max(document.line_of(problem.path), document.line_of(short))
