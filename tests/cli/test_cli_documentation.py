"""The documentation names what the program can do, and nothing else."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from search.analysis.facts.overview import Overview
from search.analysis.terminal import lines, study, trial
from search.cli import app

ROOT = Path(__file__).resolve().parents[2]


def commands() -> dict[str, Any]:
    """Every command of the program by the words that call it."""
    found: dict[str, Any] = {}
    for name, command in typer.main.get_command(app).commands.items():
        for child, below in getattr(command, "commands", {}).items():
            found[f"{name} {child}"] = below
        if not hasattr(command, "commands"):
            found[name] = command
    return found


def test_the_command_reference_is_current() -> None:
    program = "import commands, sys; sys.stdout.write(commands.reference())"
    made = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=60,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'docs'}", "PATH": "/usr/bin:/bin", "PYTHONUTF8": "1"},
    ).stdout
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == made, "run `make commands`"


@pytest.mark.parametrize("words", commands())
def test_documentation_names_every_command_and_option(words: str) -> None:
    text = "\n".join(
        file.read_text(encoding="utf-8") for file in [ROOT / "README.md", *ROOT.glob("docs/*.md")]
    )
    assert f"perceptuna {words}" in text
    section = text.partition(f"## perceptuna {words}\n")[2].partition("\n## ")[0]
    for parameter in commands()[words].params:
        # One that is hidden is there to be refused.
        if parameter.param_type_name == "option" and not parameter.hidden:
            for name in [*parameter.opts, *parameter.secondary_opts]:
                assert f"`{name}`" in section


def test_documentation_names_no_command_that_is_not_there() -> None:
    known = {words.split()[0] for words in commands()} | {"COMMAND"}
    for file in [ROOT / "README.md", *ROOT.glob("docs/*.md")]:
        for line in re.findall(
            r"(?:^|`)perceptuna ([^\n`]+)", file.read_text(encoding="utf-8"), re.MULTILINE
        ):
            word = line.split()[0]
            if re.fullmatch(r"[a-z]+", word):
                assert word in known, f"{file.name}: perceptuna {line}"


def test_the_page_of_json_has_every_event_and_every_name_of_a_study() -> None:
    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    events = re.findall(r'_event\(\s*progress,\s*"(\w+)"', inspect.getsource(lines))
    assert len(events) == 6
    assert [event for event in events if f"| `{event}` |" not in page] == []
    names = re.findall(r'^        "(\w+)":', inspect.getsource(study.study_json), re.MULTILINE)
    names += re.findall(r'^        "(\w+)":', inspect.getsource(trial.trial_json), re.MULTILINE)
    names += [name for name in Overview.__dataclass_fields__ if name != "study"]
    assert len(names) > 20
    assert [name for name in names if f"`{name}`" not in page] == []
