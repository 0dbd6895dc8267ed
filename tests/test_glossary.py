"""docs/glossary.md has one name for one thing: the words that it turns down are nowhere that a user reads."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GLOSSARY = ROOT / "docs" / "glossary.md"
ROOMS = ("search", "spaces", "storage", "perceptuna")
# Their docstrings are help, and the reference of Python.
SAID = ("search/commands/", "perceptuna/")


def turned_down() -> dict[str, str]:
    """A word that is not to be used -> the name that takes its place."""
    found: dict[str, str] = {}
    for line in GLOSSARY.read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and not line.startswith("| name"):
            name, _, words = (cell.strip() for cell in line.strip("|").split(" | "))
            found |= {word.strip(): name for word in words.strip(" |").split(",") if word.strip()}
    return found


def is_message(node: ast.AST, docstrings: set[int]) -> bool:
    """A text of several words; one word may be a name in the code."""
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and " " in node.value
        and id(node) not in docstrings
    )


def docstrings_of(tree: ast.Module) -> set[int]:
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    firsts = (node.body[0] for node in ast.walk(tree) if isinstance(node, holders) and node.body)
    return {id(first.value) for first in firsts if isinstance(first, ast.Expr)}


def messages(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = path.relative_to(ROOT).as_posix().startswith(SAID)
    docstrings = set() if said else docstrings_of(tree)
    return " | ".join(node.value for node in ast.walk(tree) if is_message(node, docstrings))


def texts() -> Iterator[tuple[str, str]]:
    """A file's name, and what a user reads of it."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            name = str(path.relative_to(ROOT))
            if path.suffix == ".py":
                yield name, messages(path)
            elif path.suffix in (".j2", ".html", ".toml"):
                yield name, path.read_text(encoding="utf-8")
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        if path != GLOSSARY:
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def read() -> list[tuple[str, str]]:
    return [(name, " ".join(text.split())) for name, text in texts()]


@pytest.mark.parametrize("word", turned_down())
def test_a_word_that_is_turned_down_is_nowhere(word: str, read: list[tuple[str, str]]) -> None:
    pattern = re.compile(rf"(?<![\w-]){re.escape(word)}s?(?![\w-])", re.IGNORECASE)
    found = [
        f"{name}: …{text[max(0, m.start() - 40) : m.end() + 40]}…"
        for name, text in read
        for m in pattern.finditer(text)
    ]
    assert not found, f"say {turned_down()[word]!r}:\n" + "\n".join(found)


def test_the_glossary_has_a_name_for_each_word_and_no_name_twice(read: list[tuple[str, str]]) -> None:
    assert len(turned_down()) > 40
    names = re.findall(r"^\| (?!name)([^|]+) \|", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(names) == len(set(names))
    assert not set(names) & set(turned_down())
    assert len(read) > 300
