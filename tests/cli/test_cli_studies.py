"""Commands on studies that are there, and on those that are not."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import optuna
import pytest
from cli_calls import CommandLine, build_study, close_connections

from storage import StorageURL, study_lock


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("a/b", "try 'a-b'"),
        ("../b", "try 'b'"),
        ("..", "try 'my-study'"),
        (".hidden", "try 'hidden'"),
        ("my study", "try 'my-study'"),
        ("🚀", "try 'my-study'"),
        ("größe", "try 'gr-e'"),
        ("", "try 'my-study'"),
        ("two\nlines", r"but got 'two\nlines'; try 'two-lines'"),
        ("x" * 1000, f"but got '{'x' * 40}…'; try '{'x' * 100}'"),
        ("a'; drop table studies", "try 'a-drop-table-studies'"),
    ],
)
def test_a_name_that_is_unfit_is_refused_with_one_that_is_fit(
    perceptuna: CommandLine, name: str, advice: str
) -> None:
    message = perceptuna.refused("run", name)
    assert "expected 1 to 100 letters, digits, '.', '_' or '-'" in message
    assert advice in message
    assert len(message.splitlines()) == 1


def test_a_name_may_not_look_like_an_option(perceptuna: CommandLine) -> None:
    assert "no such option: -x" in perceptuna.refused("run", "-x")
    assert "but got '-x'; try 'x'" in perceptuna.refused("run", "--", "-x")


@pytest.mark.parametrize(
    "words",
    [["show"], ["resume"], ["stop"], ["delete", "--yes"], ["export", "-o", "best.keras"]],
    ids=lambda words: words[0],
)
def test_an_unknown_study_is_named_with_the_nearest_one(
    perceptuna: CommandLine, studies: Path, words: list[str]
) -> None:
    message = perceptuna.refused(words[0], "dome", *words[1:])
    assert "no study 'dome' in sqlite:///perceptuna.db (did you mean 'done'?)" in message
    message = perceptuna.refused(words[0], "z" * 1000, *words[1:])
    assert f"no study '{'z' * 40}…' in sqlite:///perceptuna.db; there are: done, half, new" in message


def test_a_name_that_is_taken_is_refused_with_how_to_resume(perceptuna: CommandLine, studies: Path) -> None:
    message = perceptuna.refused("run", "done")
    assert "study 'done' is already in sqlite:///perceptuna.db" in message
    assert "`perceptuna resume done`, or choose another name" in message


def test_a_finished_study_is_not_resumed_without_a_larger_budget(
    perceptuna: CommandLine, studies: Path
) -> None:
    message = perceptuna.refused("resume", "done")
    assert "study 'done' has 3 finished trials of 3, so nothing is left to do" in message
    assert "`perceptuna resume done --add 20`" in message
    assert "has 3 finished trials of 2" in perceptuna.refused("resume", "done", "--trials", "2")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--workers", "-1"], "--workers: expected at least 0, but got -1"),
        (["--threads", "5000"], "--threads: expected at most 1,024, but got 5000"),
        (["--timeout", "soon"], "--timeout: expected a duration like 90s, 15m or 2h, but got 'soon'"),
        (["--add", "5000000"], "--trials: expected at most 1,000,000, but got 5000004"),
    ],
)
def test_a_wrong_option_of_resume_is_refused(
    perceptuna: CommandLine, studies: Path, words: list[str], expected: str
) -> None:
    assert expected in perceptuna.refused("resume", "half", *words)


def test_a_study_that_is_driven_is_left_alone(perceptuna: CommandLine, studies: Path) -> None:
    with study_lock(StorageURL.parse(str(studies)), "half"):
        for words in (["resume", "half"], ["delete", "half", "--yes"]):
            message = perceptuna.refused(*words)
            assert "study 'half' is being driven by host " in message
            assert "`perceptuna stop half`" in message
        assert "running" in perceptuna.done("list").out
        assert "asked study 'half' to stop" in perceptuna.done("stop", "half").out
    assert "study 'half' is not running" in perceptuna.refused("stop", "half")


def test_delete_asks_first(perceptuna: CommandLine, studies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    outcome = perceptuna("delete", "done")
    assert outcome.code == 2
    assert "nothing was changed" in outcome.err
    assert "done" in perceptuna.done("list").out
    assert perceptuna.done("delete", "done", "--yes").out == "deleted study 'done'\n"
    assert "done" not in perceptuna.done("list").out


def test_resume_refuses_a_space_that_was_changed(perceptuna: CommandLine, tmp_path: Path) -> None:
    space = Path("mine.toml")
    space.write_text("depth = [1, 2]\nwidth = 32\n")
    url = StorageURL.parse("perceptuna.db")
    build_study(url, tmp_path / "cache", "study", [0.9], space="mine.toml", trials=3)
    close_connections(url, "study")
    space.write_text("depth = [1, 2, 3]\nwidth = 32\n")
    message = perceptuna.refused("resume", "study")
    assert "mine.toml is not what the study was started with; undo the change" in message
    assert "depth" in message
    space.write_text("depth = [1, 2\n")
    message = perceptuna.refused("resume", "study")
    assert "no longer loads" in message
    assert "mine.toml, line 1" in message


def test_resume_refuses_data_that_was_changed(perceptuna: CommandLine, tmp_path: Path) -> None:
    rows = [f"{row},{row * 7 % 5},{'xy'[row % 2]}" for row in range(40)]
    Path("rows.csv").write_text("\n".join(["a,b,y", *rows, ""]))
    url = StorageURL.parse("perceptuna.db")
    build_study(url, tmp_path / "cache", "study", [0.9], data="rows.csv", target="y", trials=3)
    close_connections(url, "study")
    Path("rows.csv").write_text("\n".join(["a,b,y", *rows, "1,2,x", ""]))
    message = perceptuna.refused("resume", "study")
    assert "rows.csv is not what the study was started with; bring the old data back" in message
    assert "What changed:" in message
    assert "rows: train 28 -> 29" in message
    Path("rows.csv").unlink()
    assert "there is no such file" in perceptuna.refused("resume", "study")


def test_built_in_names_win_over_folders_of_that_name(perceptuna: CommandLine, tmp_path: Path) -> None:
    Path("digits").mkdir()
    Path("small").mkdir()
    study = build_study(StorageURL.parse("perceptuna.db"), tmp_path / "cache", "study", [])
    assert (study.settings.data, study.settings.space) == ("digits", "small")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["done", "-o", "missing/best.keras"], "the folder missing does not exist; create it first"),
        (["done", "-o", "best.h5"], "expected a file name ending in .keras, but got 'best.h5'"),
        (["done", "-o", "best"], "expected a file name ending in .keras, but got 'best'"),
        (["done", "-o", "best.keras", "--trial", "9"], "--trial: study 'done' has trials 0 to 2, but got 9"),
        (["new", "-o", "best.keras"], "study 'new' has no complete trial yet"),
    ],
)
def test_a_model_that_cannot_be_exported(
    perceptuna: CommandLine, studies: Path, words: list[str], expected: str
) -> None:
    assert expected in perceptuna.refused("export", *words)


def test_a_trial_that_is_not_there(perceptuna: CommandLine, studies: Path) -> None:
    message = perceptuna.refused("show", "done", "--trial", "3")
    assert "--trial: study 'done' has trials 0 to 2, but got 3" in message
    assert "has trials none yet, but got 0" in perceptuna.refused("show", "new", "--trial", "0")


def test_a_port_that_is_taken(perceptuna: CommandLine, studies: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = perceptuna.refused("dashboard", "--port", port)
    assert f"--port: {port} is taken; choose another" in message


def test_show_tells_why_there_is_no_complete_trial(perceptuna: CommandLine, tmp_path: Path) -> None:
    url = StorageURL.parse("perceptuna.db")
    study = build_study(url, tmp_path / "cache", "study", [], trials=3).optuna
    for reason in ("ValueError: no rows", "ValueError: no rows", "its worker died twice"):
        trial = study.ask()
        trial.set_user_attr("reason", reason)
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
    shown = [line.strip() for line in perceptuna.done("show", "study").out.splitlines()[2:]]
    assert shown[:3] == ["no complete trial yet", "2 × ValueError: no rows", "1 × its worker died twice"]
