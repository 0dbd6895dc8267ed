"""Settings from a file: each mistake with file and line, and the command line wins."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from cli_calls import CommandLine

from search.errors import InputError
from search.settings.settings import StudySettings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("trails = 3\n", "study.toml, line 1: trails: no such setting (did you mean 'trials'?)"),
        ("epochs = 3\n\ntrials = 0\n", "study.toml, line 3: trials: expected at least 1, but got 0"),
        ("trials = 'many'\n", "study.toml, line 1: trials: expected a whole number, but got 'many'"),
        ("trials = '10'\n", "study.toml, line 1: trials: expected a whole number, but got '10'"),
        ("trials = 2.5\n", "study.toml, line 1: trials: expected a whole number, but got 2.5"),
        ("trials = true\n", "study.toml, line 1: trials: expected a whole number, but got True"),
        ("val_fraction = nan\n", "study.toml, line 1: val_fraction: expected at most 0.5, but got nan"),
        ("sampler = 'tpee'\n", "but got 'tpee' (did you mean 'tpe'?)"),
        ("data = 3\n", "study.toml, line 1: data: expected text in quotes, but got 3"),
        ("header = 'yes'\n", "study.toml, line 1: header: expected true or false, but got 'yes'"),
        ("timeout = 0\n", "study.toml, line 1: timeout: expected a duration between 1s and 366d"),
        ("# a comment\ntimeout = [1]\n", "study.toml, line 2: timeout: expected a duration like 90s"),
        ("storage = 3\n", "study.toml, line 1: storage: expected text in quotes, but got 3"),
        ("storage = 'mysql://host'\n", "but got 'mysql://…'"),
        ("[study]\ntrials = 3\n", "study.toml, line 1: study: no such setting"),
        ("trials = 3\nepochs =\n", "study.toml, line 2: not valid TOML"),
        ("trials = 3\ntrials = 4\n", "study.toml, line 2: not valid TOML"),
        ("data = digits\n", "text needs quotes"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(perceptuna: CommandLine, text: str, expected: str) -> None:
    Path("study.toml").write_text(text)
    assert expected in perceptuna.refused("run", "study", "--config", "study.toml")


def test_all_mistakes_are_told_at_once(perceptuna: CommandLine) -> None:
    Path("study.toml").write_text("trials = 0\nsampler = 'best'\n")
    message = perceptuna.refused("run", "study", "--config", "study.toml", "--epochs", "0")
    assert "study.toml, line 1: trials" in message
    assert "study.toml, line 2: sampler" in message
    assert "--epochs: expected at least 1" in message


@pytest.mark.parametrize(
    ("content", "expected"),
    [(os.urandom(64) + b"\xff\xfe", "expected UTF-8 text"), ("data = 'é'".encode("latin-1"), "line 1")],
    ids=["binary", "latin-1"],
)
def test_a_file_that_is_no_text(perceptuna: CommandLine, content: bytes, expected: str) -> None:
    Path("study.toml").write_bytes(content)
    message = perceptuna.refused("run", "study", "--config", "study.toml")
    assert expected in message
    assert "save the file as UTF-8" in message


def test_a_file_that_is_not_there_or_is_a_folder(perceptuna: CommandLine) -> None:
    assert "none.toml: there is no such file" in perceptuna.refused("run", "study", "--config", "none.toml")
    Path("folder.toml").mkdir()
    message = perceptuna.refused("run", "study", "--config", "folder.toml")
    assert "folder.toml: is a folder; name a TOML file in it" in message


def test_settings_come_from_the_file_and_the_command_line_wins(
    perceptuna: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: dict[str, Any] = {}

    def start(name: str, url: object, settings: Any, *_: object, **__: object) -> None:
        started.update(settings.model_dump(), name=name, url=str(url))
        raise InputError("started")

    monkeypatch.setattr("search.running.asked.start", start)
    Path("study.toml").write_text(
        "data = 'mnist'\ntrials = 7\nepochs = 9\ntimeout = '2h'\nheader = false\nstorage = 'sqlite:///file.db'\n"
    )
    perceptuna.refused("run", "study", "--config", "study.toml", "--trials", "8", "--header")
    assert started["data"] == "mnist"
    assert started["trials"] == 8
    assert started["epochs"] == 9
    assert started["patience"] is None
    assert started["timeout"] == 7200
    assert started["header"] is True
    assert started["url"] == "sqlite:///file.db"
    perceptuna.refused("run", "study", "--config", "study.toml", "--storage", "sqlite:///line.db")
    assert started["url"] == "sqlite:///line.db"


@pytest.mark.parametrize(("epochs", "patience"), [(1, 10), (30, 10), (31, 11), (80, 27)])
def test_patience_grows_with_the_epochs_unless_it_is_given(epochs: int, patience: int) -> None:
    assert StudySettings(data="digits").patience_within(epochs) == patience
    assert StudySettings(data="digits", patience=4).patience_within(epochs) == 4
