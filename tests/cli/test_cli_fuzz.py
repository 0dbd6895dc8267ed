"""The short form of `make fuzz`: what nobody should give is read or refused with a message, never a traceback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.fuzz import called, fuzz
from benchmarks.fuzz_inputs import MAKERS


def test_inputs_by_mutation_and_by_grammar_are_read_or_refused(folder: Path) -> None:
    kinds = [kind for kind in MAKERS if kind != "images"]  # some of which start TensorFlow
    outcomes = list(fuzz(150, 3, kinds))
    assert [outcome for outcome in outcomes if outcome.answer == "fault"] == []
    assert {outcome.answer for outcome in outcomes} == {"read", "refused"}


@pytest.mark.parametrize(
    "command",
    [
        "data show PATH.csv",
        "run study --data PATH.csv",
        "run study --data digits --space PATH.toml",
        "run study --data digits --baselines PATH.toml",
        "run study --data digits --config PATH.toml",
        "run study --data digits --tensorboard PATH --storage .",
        "list --storage PATH.db",
        "storage check --storage PATH.db",
        "storage backup --output PATH.db",
        "export done --output PATH.keras",
        "finalize done --output PATH.keras",
        "report done --output PATH.html",
        "tensorboard done --output PATH",
        "predict PATH.keras digits --output a.csv",
        "predict done digits --output PATH.csv",
    ],
)
def test_a_path_that_cannot_be_is_refused_wherever_it_is_given(studies: Path, command: str) -> None:
    Path("loop").symlink_to("loop")
    before = sorted(os.listdir())
    for path in ("n" * 300, "x/" * 2500, "loop/x"):
        answer, told = called([word.replace("PATH", path) for word in command.split()])
        assert answer == "refused", told
        assert told.startswith("exit 2\nperceptuna: ")
    # SQLite's own files go with the last connection.
    assert [name for name in sorted(os.listdir()) if not name.endswith(("-wal", "-shm"))] == before


@pytest.mark.parametrize("command", ["export done", "finalize done", "report done", "predict done digits"])
def test_a_place_without_a_name_is_refused(studies: Path, command: str) -> None:
    for place in ("/", ".", "..", ""):
        answer, told = called([*command.split(), "--output", place])
        assert answer == "refused", told


@pytest.mark.parametrize(
    "words", [["data", "show", "\udce9.csv"], ["show", "\ud800"], ["list", "--storage", "\udcff.db"]]
)
def test_a_name_that_is_no_text_is_refused(folder: Path, words: list[str]) -> None:
    answer, told = called(words)
    assert answer == "refused"
    assert "is no UTF-8 text" in told


def test_a_current_folder_or_variable_that_is_no_text_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERCEPTUNA_STORAGE", "\udcff.db")
    assert "$PERCEPTUNA_STORAGE '\\udcff.db' is no UTF-8 text" in called(["list"])[1]
    monkeypatch.delenv("PERCEPTUNA_STORAGE")
    Path("caf\udce9").mkdir()
    monkeypatch.chdir("caf\udce9")
    assert "the folder you are in" in called(["list"])[1]


@pytest.mark.parametrize("setting", ["data", "space", "baselines", "storage", "target", "separator"])
def test_a_zero_byte_in_a_setting_is_refused(folder: Path, setting: str) -> None:
    Path("config.toml").write_text(f'{setting} = "a\\u0000b"\n')
    Path("rows.csv").write_text("x,y\n" + "1,a\n2,b\n" * 20)
    data = [] if setting == "data" else ["--data", "rows.csv"]
    answer, told = called(["run", "study", *data, "--config", "config.toml"])
    assert answer == "refused", told


def test_a_link_to_nothing_is_no_folder_for_event_files(studies: Path) -> None:
    Path("gone").symlink_to("nowhere")
    for words in ("tensorboard done --output gone", "run study --data digits --tensorboard gone"):
        answer, told = called(words.split())
        assert (answer, "gone" in told) == ("refused", True)


def test_a_pipe_is_no_table(folder: Path) -> None:
    os.mkfifo("rows.csv")
    assert "rows.csv is no regular file" in called(["data", "show", "rows.csv", "--target", "y"])[1]
