"""What `--help` shows: options under headings, and each value's name in one piece."""

from __future__ import annotations

import re

import pytest
from cli_calls import CommandLine
from test_cli_documentation import commands

HEADINGS = ["Arguments", "Options", "Data", "Space", "Search", "Budget", "Machine", "Output"]


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_options_of_run_stand_under_headings(perceptuna: CommandLine) -> None:
    shown = perceptuna.done("run", "--help").out
    assert re.findall(r"╭─ (\w+) ─", shown) == HEADINGS
    under = dict(zip(HEADINGS, re.split(r"╭─ \w+ ─", shown)[1:], strict=True))
    assert "--target" in under["Data"]
    assert "--timeout" in under["Budget"]
    assert "--memory-limit" in under["Machine"]
    assert "--json" in under["Output"]
    assert re.findall(r"--\w[\w-]*", under["Options"]) == ["--help"]


@pytest.mark.parametrize("words", commands())
def test_value_names_are_in_one_piece_at_80_columns(perceptuna: CommandLine, words: str) -> None:
    shown = perceptuna.done(*words.split(), "--help").out
    for parameter in commands()[words].params:
        if parameter.metavar:
            assert parameter.metavar in shown


def test_data_has_no_default(perceptuna: CommandLine) -> None:
    """Who forgets it must not get a study of digits."""
    message = perceptuna.refused("run", "mine")
    assert "--data: expected rows to learn from" in message
    assert "but nothing was given" in message
