"""Imports run one way, and looking at studies stays cheap."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# What each part may import of the project, beside itself.
ALLOWED = {
    "spaces": set(),
    "storage": set(),
    "search.data": {"search.errors", "search.plain_keras", "spaces"},
    "search.training": {"search.data", "search.errors", "search.metrics", "spaces"},
}


def modules() -> list[Path]:
    return [
        path for folder in ("search", "spaces", "storage") for path in sorted((ROOT / folder).rglob("*.py"))
    ]


def imported(path: Path) -> set[str]:
    """Names of the project's modules that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
    return {name for name in names if name.split(".")[0] in ("search", "spaces", "storage")}


@pytest.mark.parametrize("part", ALLOWED)
def test_a_part_imports_nothing_above_it(part: str) -> None:
    folder = ROOT / part.replace(".", "/")
    for path in folder.rglob("*.py"):
        for name in imported(path):
            own = name == part or name.startswith(f"{part}.")
            allowed = any(name == one or name.startswith(f"{one}.") for one in ALLOWED[part])
            assert own or allowed, f"{path.relative_to(ROOT)} imports {name}"


def module_graph() -> dict[str, set[str]]:
    """What each module of the project imports of it."""
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): imported(path) for path in modules()}


# From above to below: a part imports what stands after it, never what stands before.
PARTS = (
    "search.__main__",
    "search.cli",
    "search.commands",
    "search.dashboard",
    "search.planning",
    "search.analysis",
    "search.conclusion",
    "search.launch",
    "search.driving",
    "search.workers",
    "search.training",
    "search.data",
)


def part_of(module: str) -> int | None:
    found = (at for at, part in enumerate(PARTS) if module == part or module.startswith(f"{part}."))
    return next(found, None)


def test_parts_import_one_way() -> None:
    for name, used in module_graph().items():
        part = part_of(name)
        for other in used:
            imported_part = part_of(other)
            if part is not None and imported_part is not None:
                assert imported_part >= part, f"{name} imports {other}"


# Above what makes studies: also `search` itself, which opens one in a notebook, and the program.
READERS = (*PARTS[: PARTS.index("search.launch")], "search.__")


def test_what_reads_studies_is_not_needed_to_make_them() -> None:
    for name, used in module_graph().items():
        if not name.startswith(READERS):
            assert not [one for one in used if one.startswith(READERS)], name


# The seal, the one place that opens it, and who may call that.
SEALED, OPENED, CALLERS = (
    "search.data.sealed",
    "search.conclusion.confirmation.look",
    {"search.conclusion.confirmation.finalizing"},
)


def test_the_sealed_test_split_is_opened_in_one_place() -> None:
    graph = module_graph()
    assert {name for name, used in graph.items() if SEALED in used} == {OPENED}
    assert {name for name, used in graph.items() if OPENED in used} == CALLERS
    for path in modules():
        if path.name not in ("sealed.py", "look.py"):
            text = path.read_text(encoding="utf-8")
            assert "open_test_split" not in text, path
            assert not re.search(r"""open_arrays\([^)]*["']test["']""", text), path


@pytest.mark.parametrize(
    "start", ["search.launch", "search.driving.driver", "search.workers.trial", "search.workers.joining"]
)
def test_no_search_code_opens_the_sealed_test_split(start: str) -> None:
    graph, reached, ahead = module_graph(), set[str](), [start]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead += graph.get(name, ())
    assert len(reached) > 10
    assert not reached & {SEALED, OPENED, *CALLERS}


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    graph = module_graph()

    def visit(name: str, path: list[str]) -> None:
        assert name not in path, " -> ".join([*path, name])
        if name in done:
            return
        for other in graph.get(name, ()):
            visit(other, [*path, name])
        done.add(name)

    done: set[str] = set()
    for name in graph:
        visit(name, [])


def test_the_design_has_a_line_on_every_file() -> None:
    house = (ROOT / "docs" / "design.md").read_text(encoding="utf-8").split("```")[1]
    named = set(re.findall(r"[\w.]+\.(?:py|toml|json|js|css|j2)\b", house))
    there = {
        path.name
        for folder in ("search", "spaces", "storage")
        for path in (ROOT / folder).rglob("*.*")
        if path.suffix in (".py", ".json", ".js", ".css", ".j2") and path.name != "__init__.py"
    }
    assert there == named


def test_importing_search_imports_nothing_heavy() -> None:
    heavy = ("tensorflow", "keras", "pandas", "plotly", "distributed", "matplotlib", "sklearn", "torch")
    code = f"import search, search.cli, sys; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
