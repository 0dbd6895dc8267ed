"""`run NEW --from OLD`: what the command line adds to the adoption of trials."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_calls import CommandLine, build_study, close_connections
from workers_here import trained_here

from search.running import start as starting
from search.running.drive import Finish
from search.study.study import load_study
from storage import StorageURL

_OPTIONS = ["run", "next", "--from", "done"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([*_OPTIONS, "--epochs", 9], "  epochs: 30 -> 9"),
        ([*_OPTIONS, "--metric", "val_crossentropy"], "  metric: val_accuracy -> val_crossentropy"),
        ([*_OPTIONS, "--seed", 1], "  data: seed of the split: 0 -> 1"),
        (["run", "next", "--from", "new"], "complete or pruned trials, but 'new' has none"),
        (
            ["run", "next", "--from", "dome"],
            "no study 'dome' in sqlite:///perceptuna.db (did you mean 'done'?)",
        ),
        (["run", "half", "--from", "done"], "study 'half' is already in sqlite:///perceptuna.db"),
        (["run", "next", "--allow-different"], "name a study by --from"),
    ],
)
def test_what_cannot_be_taken_over_is_refused(
    perceptuna: CommandLine, studies: Path, words: list[object], expected: str
) -> None:
    perceptuna("data", "show", "digits")  # its cache is no part of what a refusal may write
    assert expected in perceptuna.refused(*words)


def test_resume_names_the_way_on_with_a_changed_space(perceptuna: CommandLine, tmp_path: Path) -> None:
    Path("mine.toml").write_text("depth = [1, 2]\nwidth = 32\n")
    url = StorageURL.parse("perceptuna.db")
    build_study(url, tmp_path / "cache", "old", [0.9], space="mine.toml", trials=3)
    close_connections(url, "old")
    Path("mine.toml").write_text("depth = [1, 2, 3]\nwidth = 32\n")
    assert "`perceptuna run NEW --from old`" in perceptuna.refused("resume", "old")


def test_the_next_version_has_the_settings_of_the_earlier_one(
    perceptuna: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = StorageURL.parse("perceptuna.db")
    settings = {"trials": 30, "epochs": 3, "workers": 1, "sampler": "random", "seed": 5, "pruner": "none"}
    build_study(url, tmp_path / "cache", "old", [0.91, 0.95, 0.93], **settings)
    close_connections(url, "old")
    Path("next.toml").write_text(
        'depth = { low = 1, high = 3 }\nwidth = { low = 16, high = 256 }\nactivation = ["relu", "tanh"]\n'
        "dropout = { low = 0.0, high = 0.4 }\nlearning_rate = { low = 3e-4, high = 3e-2, log = true }\n"
        "batch_size = [32, 64]\nnesterov = [false, true]\n"
    )
    # What follows is as without --from.
    monkeypatch.setattr(starting, "drive", lambda study, *rest, **named: Finish(study, "budget"))
    shown = perceptuna.done("run", "next", "--from", "old", "--space", "next.toml", "--trials", 1).out
    assert "space, from study 'old' to this one:\n" in shown
    assert "  optimizer: gone\n" in shown
    assert "3 of the 3 trials of study 'old' come along; " in shown
    assert "0/1 trials (3 taken over)" in shown
    assert "trial 1 of old: " in shown
    stored = load_study("next", url).settings.model_dump()
    assert stored == {
        **load_study("old", url).settings.model_dump(),
        "space": str(Path("next.toml").absolute()),
        "trials": 1,
        "precision": "float32",
        "known": False,
    }


def test_what_cannot_be_compared_is_kept_apart(perceptuna: CommandLine, tmp_path: Path) -> None:
    """Better values on other data: they may guide the sampler, and are not the best of anything."""
    url = StorageURL.parse("perceptuna.db")
    build_study(url, tmp_path / "cache", "old", [0.9999] * 25, trials=25)
    close_connections(url, "old")
    options = [
        "--data",
        "digits",
        "--seed",
        1,
        "--trials",
        1,
        "--epochs",
        1,
        "--workers",
        1,
        "--allow-different",
    ]
    with trained_here():
        shown = perceptuna.done("run", "next", "--from", "old", *options).out
    assert "1/1 trials (25 taken over, 1 complete)" in shown
    facts = json.loads(perceptuna.done("show", "next", "--json").out)
    assert [entry["trial"] for entry in facts["leaderboard"]] == [25]
    assert [one["trial"] for one in facts["best_so_far"]] == [25]
    assert facts["best"] < 0.9999
    assert facts["importances"] == {}
    assert {entry["validation"] for entry in facts["not_comparable"]} == {0.9999}
    view = perceptuna.done("show", "next").out
    assert "taken over and not comparable, so not ranked: 25 complete trials; of them the first 3:" in view
    assert "  val_accuracy 0.9999  trial 0 of old, other data and epochs: " in view
    (listed,) = [row for row in json.loads(perceptuna.done("list", "--json").out) if row["study"] == "next"]
    assert listed["best"] == facts["best"]
    perceptuna.done("export", "next", "-o", "best.keras")
    assert json.loads(Path("best.json").read_text())["trial"] == 25
    perceptuna.done("report", "next", "-o", "report.html")
    page = Path("report.html").read_text(encoding="utf-8")
    assert f'<div class="value">{facts["best"]:.4f}</div>' in page
    assert "25 complete trials of the earlier study came along" in page
    assert "trial 3 (complete)" not in page  # no figure has a mark of it
