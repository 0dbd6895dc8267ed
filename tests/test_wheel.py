"""The wheel, as somebody has it who installs it: in an environment that holds what it requires and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[1]
ROOMS = ("perceptuna", "search", "spaces", "storage")
FILES = sorted(
    str(path.relative_to(REPOSITORY))
    for room in ROOMS
    for path in (REPOSITORY / room).rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
)
# Two epochs, a page with its pictures, and a model: whatever of them reads a file has to find it.
SCRIPT = """
import perceptuna as pt

how = {"space": "small", "trials": 1, "epochs": 2, "workers": 0, "known": False}
study = pt.search("digits", show=False, **how)
study.report("report.html")
print(pt.__file__)
print(study.best.validation, pt.Space.load("tables"), type(study.best_model().to_keras()).__name__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*pip, "--wheel-dir", folder, REPOSITORY], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where its programs are: an environment of the wheel, and of links to all that it requires."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    packages = next(folder.glob("lib/python3*/site-packages"))
    for package in required("perceptuna", set()):
        for name in {file.parts[0] for file in package.files or () if ".." not in file.parts}:
            if name != "__pycache__":
                (packages / name).symlink_to(package.locate_file(name))
    pip = [sys.executable, "-m", "pip", "--python", folder, "install", "--no-compile", "--no-index"]
    done = subprocess.run([*pip, "--no-deps", wheel], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "bin"


def required(name: str, seen: set[str]) -> Iterator[Distribution]:
    """What `pip install name` brings beside it."""
    for line in distribution(name).requires or ():
        requirement = Requirement(line)
        found = canonicalize_name(requirement.name)
        if found not in seen and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            seen.add(found)
            yield distribution(found)
            yield from required(found, seen)


def call(environment: Path, folder: Path, *program: str) -> str:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PERCEPTUNA", "PYTHON"))
    }
    done = subprocess.run(
        [environment / program[0], *program[1:]],
        cwd=folder,
        env={**kept, "PERCEPTUNA_CACHE": str(folder / "cache")},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_each_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    names = [name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name]
    assert sorted(names) == FILES


def test_there_are_files_that_are_no_modules() -> None:
    """Those that a build may lose: one of each kind is named here."""
    assert {
        "perceptuna/py.typed",
        "search/analysis/report/page.css",
        "search/dashboard/page.js",
        "search/service/study.html.j2",
        "spaces/presets/small.toml",
        "spaces/space.schema.json",
    } <= set(FILES)


def test_the_program_says_its_version(environment: Path, tmp_path: Path) -> None:
    assert call(environment, tmp_path, "perceptuna", "--version") == "perceptuna 0.1.0\n"


def test_a_search_runs_where_nothing_else_is_installed(environment: Path, tmp_path: Path) -> None:
    told = call(environment, tmp_path, "python", "-c", SCRIPT)
    assert str(environment.parent) in told
    assert "Functional" in told
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert call(environment, tmp_path, "perceptuna", "list").count("digits") >= 1
