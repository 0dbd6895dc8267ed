"""What lies in a folder of images, and what of it is left out, to be told by name."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from search.data.rows.notes import listed

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
# What macOS packs beside every archive, all of it without images.
_NOT_MEANT = ("__MACOSX",)


@dataclass(frozen=True)
class Seen:
    """What lies in one folder, sorted by name. `others` counts endings of files that are no images."""

    images: list[Path]
    folders: list[Path]
    links: list[Path]
    others: Counter[str]


def look(folder: Path) -> Seen:
    seen = Seen([], [], [], Counter())
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = Path(entry.path)
            if entry.name in _NOT_MEANT:
                continue
            if entry.name.startswith("."):
                seen.others["hidden"] += 1
            elif entry.is_dir():
                seen.folders.append(path)
            elif entry.is_symlink() and not path.exists():
                seen.links.append(path)
            elif path.suffix.lower() in IMAGE_SUFFIXES and entry.is_file():
                seen.images.append(path)
            else:
                seen.others[path.suffix.lower()] += 1
    return seen


@dataclass
class LeftOut:
    """What is not used of a folder, to be told; `images` are those beside class folders and in none."""

    top: Path
    images: int = 0
    files: int = 0
    folders: list[Path] = field(default_factory=list)
    links: list[Path] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)

    def notes(self) -> list[str]:
        return [
            *_counted(self.images, "image", "in no class folder"),
            *_counted(self.files, "file", "hidden, or not PNG or JPEG"),
            *self._named("links are left out that lead nowhere", self._below(self.links)),
            *self._named("folders are left out", self._below(self.folders)),
            *self._named("class folders are left out, as they hold no PNG or JPEG", self.classes),
        ]

    def _below(self, paths: Iterable[Path]) -> list[str]:
        return [shown(path.relative_to(self.top).as_posix()) for path in paths]

    @staticmethod
    def _named(what: str, names: Sequence[str]) -> list[str]:
        return [f"{what}: {listed(names)}"] if names else []


def _counted(count: int, noun: str, why: str) -> list[str]:
    return [f"{count:,} {noun}{' is' if count == 1 else 's are'} left out: {why}"] if count else []


def lost(folder: Path, top: Path, others: Counter[str]) -> str:
    """A class folder without images, and what it holds instead."""
    held = ", ".join(f"{count:,} {ending or 'without ending'}" for ending, count in others.most_common(3))
    return f"{folder.relative_to(top).as_posix()} ({held or 'empty'})"


def shown(name: str) -> str:
    """A name of a file, whose bytes may be no text."""
    return name.encode("utf-8", "backslashreplace").decode()
