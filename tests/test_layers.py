"""Imports run one way, and looking at studies stays cheap."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# From above to below: a room imports rooms that stand after it, never one that stands before.
ROOMS = (
    "search.waiting",
    "search.__main__",
    "search.cli",
    "search.commands",
    "perceptuna",  # the Python door, beside the commands
    "search.client",
    "search.service",
    "search.dashboard",
    "search.forecast",
    "search",  # opens a study in a notebook
    "search.analysis",
    "search.analysis.report",
    "search.analysis.terminal",
    "search.analysis.facts",
    "search.analysis.tensorboard",
    "search.answering",
    "search.answering.explaining",
    "search.conclusion.confirmation",
    "search.conclusion.ablation",
    "search.conclusion.calibration",
    "search.conclusion.ensemble",
    "search.conclusion",
    "search.conclusion.statistics",
    "search.running",
    "search.driving",
    "search.workers",
    "search.versions",
    "search.models",
    "search.policies",
    "search.given",
    "search.study",
    "search.references",
    "search.training",
    "search.training.own_model",
    "search.training.graph",
    "search.training.keras_form",
    "search.training.network",
    "search.settings",
    "search.data",
    "search.data.preparing",
    "search.data.reading",
    "search.data.columns",
    "search.data.rows",
    "search.text",
    "search.machine",
    "search.errors",
    "spaces",
    "storage",
)

# Their docstrings are what `help` shows of them.
READ_BY_USERS = ("perceptuna", "search")


def modules() -> list[Path]:
    return [
        path
        for folder in ("perceptuna", "search", "spaces", "storage")
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]


def imported(path: Path) -> set[str]:
    """Names of the project's modules that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
    return {name for name in names if name.split(".")[0] in ("perceptuna", "search", "spaces", "storage")}


@lru_cache
def module_graph() -> dict[str, set[str]]:
    """What each module of the project imports of it."""
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): imported(path) for path in modules()}


def room_of(module: str) -> str:
    """The folder that a module lies in; itself, where it lies loose in `search`."""
    found = ROOT / module.replace(".", "/")
    if found.is_dir() or module in ROOMS:
        return module
    room = module.rpartition(".")[0]
    return module if room == "search" else room


def room_graph() -> dict[str, set[str]]:
    """What each room imports of the others."""
    graph: dict[str, set[str]] = {}
    for module, used in module_graph().items():
        room = room_of(module.removesuffix(".__init__"))
        graph.setdefault(room, set()).update({room_of(other) for other in used} - {room})
    return graph


def test_rooms_import_one_way() -> None:
    for room, used in room_graph().items():
        for other in used:
            assert ROOMS.index(room) < ROOMS.index(other), f"{room} imports {other}"


def test_spaces_and_storage_import_nothing_of_the_project() -> None:
    assert room_graph()["spaces"] == room_graph()["storage"] == set()


@pytest.mark.parametrize("room", [room for room in ROOMS if (ROOT / room.replace(".", "/")).is_dir()])
def test_a_room_says_in_a_sentence_what_it_is_and_what_it_imports(room: str) -> None:
    if room in READ_BY_USERS:
        return
    text = (
        ast.get_docstring(ast.parse((ROOT / room.replace(".", "/") / "__init__.py").read_text("utf-8"))) or ""
    )
    sentence, _, last = text.rpartition("\n\n")
    used = sorted(other.removeprefix("search.") for other in room_graph()[room])
    assert sentence.splitlines()[0].endswith(".")
    assert " ".join(last.split()) == f"Imports: {', '.join(used) or 'nothing of the project'}."


# The seal, the one place that opens it, and who may call that.
SEALED, OPENED, CALLERS = (
    "search.data.preparing.sealed",
    "search.conclusion.confirmation.opening",
    {"search.conclusion.confirmation.finalizing"},
)


def test_the_sealed_test_split_is_opened_in_one_place() -> None:
    graph = module_graph()
    assert {name for name, used in graph.items() if SEALED in used} == {OPENED}
    assert {name for name, used in graph.items() if OPENED in used} == CALLERS
    for path in modules():
        if path.name not in ("sealed.py", "opening.py"):
            text = path.read_text(encoding="utf-8")
            assert "open_test_split" not in text, path
            assert not re.search(r"""open_arrays\([^)]*["']test["']""", text), path


@pytest.mark.parametrize(
    "start",
    [
        "search.running.start",
        "search.running.resume",
        "search.driving.driver",
        "search.workers.trial",
        "search.workers.joining",
    ],
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


def test_the_map_is_current() -> None:
    from docs.map import the_map  # it reads this file

    assert (ROOT / "docs" / "map.md").read_text(encoding="utf-8") == the_map(), "run `make map`"


def test_the_design_names_files_that_are_there() -> None:
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:[a-z_]+/)+[a-z_]+\.py\b", text))
    folders = ("search", "spaces", "storage", "tests", "benchmarks")
    there = [path.as_posix() for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert len(named) > 20
    assert [name for name in sorted(named) if not any(path.endswith(f"/{name}") for path in there)] == []


def test_importing_search_imports_nothing_heavy() -> None:
    heavy = ("tensorflow", "keras", "pandas", "plotly", "distributed", "matplotlib", "sklearn", "torch")
    code = f"import perceptuna, search, search.cli, sys; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
