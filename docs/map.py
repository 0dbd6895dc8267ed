"""Writes docs/map.md from the docstrings of rooms and files: `make map`. A test fails when the file is out of date."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.test_layers import READ_BY_USERS, ROOMS, ROOT

FILE = Path(__file__).with_suffix(".md")

HEAD = """\
# Map

Every room and every file, from above to below: a room imports what stands below it. Written by `make map` from the
docstrings; [design.md](design.md) says how a study flows through them, and why they are as they are.
"""


def the_map() -> str:
    """docs/map.md as Markdown."""
    return "\n".join([HEAD, *(line for room in ROOMS for line in _room(room)), ""]).replace("\n\n\n", "\n\n")


def _room(room: str) -> Iterator[str]:
    folder = ROOT / room.replace(".", "/")
    if not folder.is_dir() or room == "search":
        file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
        yield f"**`{file.relative_to(ROOT)}`** · {_first_paragraph(file)}\n"
        return
    sentence, *_, last = (ast.get_docstring(_parsed(folder / "__init__.py")) or "").split("\n\n")
    imports = "" if room in READ_BY_USERS else last
    yield f"## {room.replace('.', '/')}/\n"
    yield f"{_one_line(f'{sentence} {imports}')}\n"
    files = [path for path in sorted(folder.glob("*.py")) if not path.name.startswith("__")]
    if files:
        yield "| file | what it is |\n|---|---|"
    for path in files:
        yield f"| `{path.name}` | {_first_paragraph(path).replace('|', chr(92) + '|')} |"
    others = [
        path.name
        for path in sorted(folder.iterdir())
        if path.is_file() and path.suffix not in (".py", ".typed")
    ]
    if others:
        yield f"\nBeside them: {', '.join(f'`{name}`' for name in others)}."
    yield ""


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _first_paragraph(path: Path) -> str:
    return _one_line((ast.get_docstring(_parsed(path)) or "").split("\n\n")[0])


def _one_line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    FILE.write_text(the_map(), encoding="utf-8")
