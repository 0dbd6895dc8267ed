"""`plan` and `tensorboard` as commands; what they compute is tested in tests/analysis."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli_calls import CommandLine, build_study, close_connections

from storage import StorageURL


@pytest.fixture
def well_begun(folder: Path, tmp_path: Path) -> None:
    """A study of ten trials, eight of which are complete."""
    url = StorageURL.parse("perceptuna.db")
    values = [0.9 + number / 100 for number in range(8)]
    build_study(url, tmp_path / "cache", "begun", values, trials=10, epochs=9, workers=1)
    close_connections(url, "begun")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--epochs 0", "--epochs: expected at least 1, but got 0"),
        ("--data nowhere.csv", "there is no such file"),
        ("--space smal", "did you mean 'small'?"),
        ("--sampler gpp", "--sampler: expected"),
        ("--pruner nowhere:Pruner", "--pruner nowhere:Pruner: "),
        ("--baselines cifar10_mlp --trials 9 --allow-outside", "has 25 baselines, but got 9"),
        ("--baselines cifar10_mlp", "outside the space"),
    ],
)
def test_plan_refuses_what_run_refuses(perceptuna: CommandLine, options: str, message: str) -> None:
    given = options if "--data" in options else f"--data digits {options}"
    assert message in perceptuna.refused("plan", *given.split())
    assert message in perceptuna.refused("plan", "next", *given.split())


def test_a_plan_of_nothing_is_refused(perceptuna: CommandLine, well_begun: None) -> None:
    assert "--data: expected rows to learn from (digits, FILE.csv" in perceptuna.refused("plan")
    mistyped = perceptuna.refused("plan", "begum")
    assert "no study 'begum' in sqlite:///perceptuna.db (did you mean 'begun'?)" in mistyped
    assert "give --data and the options of `run` to plan a new one" in mistyped


def test_a_study_that_is_there_is_planned_from_its_trials(perceptuna: CommandLine, well_begun: None) -> None:
    text = perceptuna.done("plan", "begun").out
    assert text.startswith("plan of begun, from the 8 trials of the study so far")
    forecast = json.loads(perceptuna.done("plan", "begun", "--trials", 108, "--json").out)
    assert forecast["trials"] == 100
    assert forecast["epochs"]["middle"] == 300
    assert forecast["pruned"]["high"] == 0
    assert [(rung["epoch"], rung["trials"]) for rung in forecast["rungs"]] == [(3, 100)]
    assert "got --epochs" in perceptuna.refused("plan", "begun", "--epochs", 5)
    assert "--trials 58 asks" in perceptuna.refused("plan", "begun", "--trials", 8)


def test_a_plan_says_that_a_pruner_of_ones_own_is_left_out(
    perceptuna: CommandLine, folder: Path, tmp_path: Path
) -> None:
    url = StorageURL.parse("perceptuna.db")
    own: dict[str, Any] = {
        "pruner": "optuna.pruners:MedianPruner(n_startup_trials=2)",
        "epochs": 3,
        "workers": 1,
    }
    build_study(url, tmp_path / "cache", "own", [0.5, 0.6, 0.7, 0.8, 0.9], trials=10, **own)
    close_connections(url, "own")
    note = "note: what a pruner of your own ends is not known before; the forecast takes every trial as whole"
    assert note in perceptuna.done("plan", "own").out


def test_a_study_of_few_trials_is_no_ground_for_a_plan(perceptuna: CommandLine, studies: Path) -> None:
    assert "has 1 finished trials, expected at least 3" in perceptuna.refused("plan", "half", "--workers", 1)


def test_event_files_are_written_once(perceptuna: CommandLine, well_begun: None) -> None:
    written = perceptuna.done("tensorboard", "begun", "-o", "my runs").out
    assert written == "wrote 8 trials; look at them with: tensorboard --logdir 'my runs'\n"
    assert len([*Path("my runs").glob("trial-*")]) == 8
    assert "new or empty folder" in perceptuna.refused("tensorboard", "begun", "-o", "my runs")
