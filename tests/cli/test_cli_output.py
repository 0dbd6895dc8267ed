"""What commands print: help with examples that run, tables, JSON; and how little they load for it."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import optuna
import pytest
import typer
from cli_calls import CommandLine, build_study, close_connections
from workers_here import trained_here

from search.cli import app
from storage import StorageURL, open_storage

ROOT = Path(__file__).resolve().parents[2]


def commands() -> dict[str, Any]:
    """Every command of the program by the words that call it."""
    found: dict[str, Any] = {}

    def walk(words: str, command: Any) -> None:
        if hasattr(command, "commands"):
            for name, child in command.commands.items():
                walk(f"{words} {name}".strip(), child)
        else:
            found[words] = command

    walk("", typer.main.get_command(app))
    return found


def example(command: Any) -> list[str]:
    """The words of a help text's example."""
    match = re.search(r"Example: perceptuna (.+)", command.help)
    assert match is not None, f"{command.name} has no example"
    return match[1].split()


@pytest.mark.parametrize("words", commands())
def test_help_of_a_command_holds_an_example_that_it_understands(perceptuna: CommandLine, words: str) -> None:
    shown = perceptuna.done(*words.split(), "--help")
    assert "Example: perceptuna " + words in shown.out
    assert perceptuna.done(*words.split(), "-h").out == shown.out
    given = example(commands()[words])
    command = commands()[words]
    command.make_context(words, given[len(words.split()) :])


def test_examples_run(perceptuna: CommandLine, tmp_path: Path) -> None:
    url = StorageURL.parse("perceptuna.db")
    build_study(url, tmp_path / "cache", "my-first", [0.9, 0.95], trials=2)
    known = commands()
    for words in ("list", "show", "space show", "space check", "data show", "delete"):
        assert perceptuna.done(*example(known[words])).out


def test_the_program_tells_its_version(perceptuna: CommandLine) -> None:
    assert re.fullmatch(r"perceptuna \S+\n", perceptuna.done("--version").out)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(perceptuna: CommandLine, monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    shown = perceptuna.done("--show-completion", shell).out
    assert f"COMPLETE=complete_{shell}" in shown


def test_looking_loads_no_heavy_library(studies: Path) -> None:
    program = """
        import sys
        from search.cli import main

        for words in (["list"], ["show", "done"], ["show", "done", "--trial", "1"], ["run", "--help"],
                      ["show", "done", "--json"], ["space", "show", "mlp"]):
            sys.argv = ["perceptuna", *words]
            try:
                main()
            except SystemExit as end:
                assert end.code == 0, words
        heavy = {"tensorflow", "keras", "pandas", "plotly", "distributed", "dask", "sklearn", "matplotlib"}
        print("LOADED", sorted(heavy & set(sys.modules)))
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert ended.stdout.endswith("LOADED []\n"), ended.stdout[-300:] + ended.stderr


@pytest.mark.parametrize(
    ("words", "spared"),
    [
        (["--help"], {"pydantic", "sqlalchemy", "optuna", "numpy", "search.settings.settings"}),
        (["list"], {"optuna", "alembic", "numpy", "search.data"}),
        (["show", "done"], {"sklearn", "pandas", "scipy", "matplotlib"}),
    ],
    ids=["help", "list", "show"],
)
def test_commands_that_are_called_often_import_little(
    folder: Path, studies: Path, words: list[str], spared: set[str]
) -> None:
    """In a process of its own each, as what one has imported the next one has."""
    study = optuna.load_study(study_name="done", storage=open_storage(StorageURL.of_file(studies)))
    study.add_trials(study.trials * 8)  # enough for importances
    program = """
        import sys
        from search.cli import main
        try:
            main()
        except SystemExit as end:
            assert end.code == 0
        print("LOADED", sorted({SPARED} & set(sys.modules)))
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program).replace("{SPARED}", repr(spared)), *words],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert ended.stdout.endswith("LOADED []\n"), ended.stdout[-300:] + ended.stderr
    if "show" in words:
        assert "what mattered" in ended.stdout


def test_list_and_show_as_tables(perceptuna: CommandLine, studies: Path) -> None:
    listed = perceptuna.done("list").out
    assert re.search(r"done +finished +3/3 +val_accuracy +0\.9500 +.+ ago +\S+ s +digits", listed)
    assert re.search(r"half +resumable +1/4", listed)
    shown = perceptuna.done("show", "done").out
    assert "finished  3/3 trials (3 complete)" in shown
    assert shown.splitlines()[1] == "epochs and trials are compared by val_accuracy, larger is better"
    assert [line.split()[:3] for line in shown.splitlines()[3:6]] == [
        ["1", "1", "0.9500"],
        ["2", "2", "0.9300"],
        ["3", "0", "0.9100"],
    ]
    assert "best configuration  trial 1: depth " in shown
    assert len(perceptuna.done("show", "done", "--top", "1").out.splitlines()) == len(shown.splitlines()) - 2
    assert "no complete trial yet" in perceptuna.done("show", "new").out
    browse = "browse:  perceptuna dashboard, open the link it prints, then http://127.0.0.1:8080/dashboard/studies/"
    assert re.search(rf"^{re.escape(browse)}\d+$", shown, re.MULTILINE)
    trial = perceptuna.done("show", "done", "--trial", "1").out
    assert "trial 1 of study done: complete" in trial
    assert re.search(rf"^{re.escape(browse)}\d+/trials\?numbers=1$", trial, re.MULTILINE)


def test_the_best_configuration_leaves_out_what_has_no_effect_in_it(
    perceptuna: CommandLine, tmp_path: Path
) -> None:
    Path("mine.toml").write_text(
        'depth = 2\ntaper = 0.5\noptimizer = "adam"\nmomentum = 0.5\nwidth = [16, 32]\n'
    )
    build_study(
        StorageURL.parse("perceptuna.db"), tmp_path / "cache", "mine", [0.9], space="mine.toml", trials=1
    )
    shown = perceptuna.done("show", "mine").out
    assert re.search(
        r"best configuration  trial 0: depth 2, width (16|32), taper 0.5, optimizer adam\b", shown
    )
    assert "momentum" not in shown


def test_list_and_show_as_json(perceptuna: CommandLine, studies: Path) -> None:
    listed = json.loads(perceptuna.done("list", "--json").out)
    assert [(study["study"], study["state"]) for study in listed] == [
        ("done", "finished"),
        ("half", "resumable"),
        ("new", "resumable"),
    ]
    shown = json.loads(perceptuna.done("show", "done", "--json", "--top", "2").out)
    assert shown["states"] == {"complete": 3}
    assert [entry["trial"] for entry in shown["leaderboard"]] == [1, 2]
    assert shown["settings"]["trials"] == 3
    trial = json.loads(perceptuna.done("show", "done", "--trial", "0", "--json").out)
    assert trial["value"] == 0.91
    assert trial["hyperparameters"]["depth"] >= 1
    assert json.loads(perceptuna.done("space", "show", "small", "--json").out)
    assert json.loads(perceptuna.done("data", "show", "digits", "--json").out)


@pytest.fixture(scope="module")
def a_thousand_trials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten trials, and each of them copied 99 times in the database: Optuna would take 20 s to add so many."""
    base = tmp_path_factory.mktemp("thousand")
    path = base / "perceptuna.db"
    url = StorageURL.parse(str(path))
    build_study(url, base / "cache", "large", [0.5 + number / 100 for number in range(10)], trials=1000)
    close_connections(url, "large")
    with sqlite3.connect(path) as connection:
        for table, columns in COLUMNS_OF_A_TRIAL.items():
            copied = "number + 10 * copies.k" if table == "trials" else "trial_id + 10 * copies.k"
            first, *others = columns.split(", ")
            connection.execute(
                f"with recursive copies(k) as (select 1 union all select k + 1 from copies where k < 99) "
                f"insert into {table} ({columns}) select {copied}, {', '.join(others)} from {table}, copies "
                f"order by copies.k, {first}"
            )
    connection.close()
    return path


# The first of each counts the trials, from 0 or from 1.
COLUMNS_OF_A_TRIAL = {
    "trials": "number, study_id, state, datetime_start, datetime_complete",
    "trial_values": "trial_id, objective, value, value_type",
    "trial_params": "trial_id, param_name, param_value, distribution_json",
    "trial_intermediate_values": "trial_id, step, intermediate_value, intermediate_value_type",
    "trial_user_attributes": "trial_id, key, value_json",
}


def test_a_study_of_a_thousand_trials_is_listed_and_shown(
    perceptuna: CommandLine, a_thousand_trials: Path
) -> None:
    option = ("--storage", a_thousand_trials)
    assert "1,000/1,000" in perceptuna.done("list", *option).out
    shown = perceptuna.done("show", "large", *option).out
    assert "1,000/1,000 trials (1,000 complete)" in shown
    assert re.findall(r"^ +\d+ +(\d+) +0\.5900", shown, re.MULTILINE) == [str(9 + 10 * k) for k in range(10)]
    assert "trial 999 of study large" in perceptuna.done("show", "large", "--trial", "999", *option).out


def test_run_prints_json_lines_and_its_study_is_shown_exported_and_not_started_again(
    perceptuna: CommandLine,
) -> None:
    """A real study, of two trials of two epochs."""
    options = "--data digits --space small --trials 2 --epochs 2 --workers 1 --pruner none --json"
    with trained_here():
        ended = perceptuna.done("run", "tiny", *options.split())
    events = [json.loads(line) for line in ended.out.splitlines()]
    assert [event["event"] for event in events] == [
        "trial_started",
        "trial_ended",
        "trial_started",
        "trial_ended",
        "budget",
    ]
    assert [event["state"] for event in events if event["event"] == "trial_ended"] == ["complete"] * 2
    assert events[-1]["state"] == "running" or events[-1]["finished"] == 2

    best = json.loads(perceptuna.done("show", "tiny", "--json").out)["leaderboard"][0]
    assert perceptuna.done("export", "tiny", "-o", "best.keras").out.startswith("wrote best.keras and")
    facts = json.loads(Path("best.json").read_text())
    assert (facts["trial"], facts["value"]) == (best["trial"], best["validation"])
    assert Path("best.keras").stat().st_size > 1000
    assert "`perceptuna resume tiny`" in perceptuna.refused("run", "tiny")
    assert "--add 20`" in perceptuna.refused("resume", "tiny")
