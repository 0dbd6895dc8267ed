"""Space files and the presets that come with perceptuna."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from spaces.checks import Problem
from spaces.errors import SpaceError, did_you_mean
from spaces.space import Space
from spaces.toml_document import TomlDocument, TomlError, located
from spaces.toml_form import read_parameters

DEFAULT_PRESET = "mlp"


def preset_names() -> list[str]:
    """Names of the presets, the default first."""
    files = (resources.files(__package__) / "presets").iterdir()
    names = [file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")]
    return sorted(names, key=lambda name: (name != DEFAULT_PRESET, name))


def load_space(name_or_path: str | Path) -> Space:
    """The preset of this name, or else the space in the TOML file at this path.

    A file that is named like a preset is reached as `./mlp`.

    Raises:
        SpaceError: there is neither, or the file is no space; one line for each mistake in it, with
            the file, the line, what was expected, what was found and what to do.
    """
    name = str(name_or_path)
    if name in preset_names():
        text = (resources.files(__package__) / "presets" / f"{name}.toml").read_text(encoding="utf-8")
        return _space_in(TomlDocument.parse(text, f"{name}.toml"))
    if not os.path.exists(name) and Path(name).name == name and not name.endswith(".toml"):
        hint = did_you_mean(name, preset_names())
        raise SpaceError(
            f"no preset and no file is named {name!r}{hint}; the presets are {', '.join(preset_names())}"
        )
    try:
        return _space_in(TomlDocument.read(name))
    except TomlError as exc:
        hint = f"; the presets are {', '.join(preset_names())}" if not os.path.exists(name) else ""
        raise SpaceError(f"{exc}{hint}") from exc


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
