"""TOML files that come with perceptuna: each has a name, where a user's own has a path."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from spaces.errors import SpaceError, did_you_mean
from spaces.toml_document import TomlDocument, TomlError


@dataclass(frozen=True)
class Shipped:
    """Those of `folder` in this package, called `noun` and `plural` in messages, those of `first` before the others."""

    folder: str
    noun: str
    plural: str
    first: tuple[str, ...] = ()

    def names(self) -> list[str]:
        files = (resources.files(__package__) / self.folder).iterdir()
        names = [file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")]
        return [*self.first, *sorted(name for name in names if name not in self.first)]

    def read(self, name_or_path: str | Path) -> TomlDocument:
        """The file of this name, or else the one at this path; `./mlp` is a path.

        Raises:
            SpaceError: there is neither, or it is no TOML.
        """
        name, known = str(name_or_path), self.names()
        listed = f"; the {self.plural} are {', '.join(known)}"
        if name in known:
            file = resources.files(__package__) / self.folder / f"{name}.toml"
            return TomlDocument.parse(file.read_text(encoding="utf-8"), file.name)
        if not os.path.exists(name) and Path(name).name == name and not name.endswith(".toml"):
            hint = did_you_mean(name, known)
            raise SpaceError(f"no {self.noun} and no file is named {name!r}{hint}{listed}")
        try:
            return TomlDocument.read(name)
        except TomlError as exc:
            raise SpaceError(f"{exc}{'' if os.path.exists(name) else listed}") from exc
