"""Several aims as a user has them: the page about them is typed from its beginning to its end; and what is refused."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from cli_calls import CommandLine

import perceptuna as pt

PAGE = Path(__file__).parents[2] / "docs" / "aims.md"
SHORTER = "--trials 3 --epochs 2 --space small --workers 0"


def typed() -> list[list[str]]:
    """Its commands in their order; those that train do less."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [shlex.split(f"{line} {SHORTER if ' run ' in line else ''}")[1:] for line in lines]


def test_the_page_says_what_happens(perceptuna: CommandLine, folder: Path) -> None:
    for words in typed():
        told = perceptuna.done(*words).out
        if words[0] == "run":
            assert "the front has" in told or "--max-parameters" in words
    assert {"small.keras", "smaller.keras"} <= {file.name for file in folder.glob("*.keras")}
    found = json.loads(perceptuna.done("show", "small-digits", "--json").out)
    assert found["aims"] == ["val_accuracy", "parameters"]
    assert found["front"] == sorted(found["front"], key=lambda one: -one["validation"])
    tiny = json.loads(perceptuna.done("show", "tiny", "--json").out)
    assert "front" not in tiny
    assert max(one["parameters"] for one in tiny["leaderboard"]) <= 5000
    _is_seen_everywhere(perceptuna, folder, len(found["front"]))


def _is_seen_everywhere(perceptuna: CommandLine, folder: Path, size: int) -> None:
    listed = perceptuna.done("list").out
    assert "val_accuracy, parameters" in listed
    perceptuna.done("report", "small-digits", "-o", "page.html")
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert "of the front as stars" in page
    assert "Best by val_accuracy alone" in page
    study = pt.load_study("small-digits")
    assert study.aims == ("val_accuracy", "parameters")
    assert len(study.front) == size
    assert list(study.front.frame().columns)[:3] == ["trial", "val_accuracy", "parameters"]
    assert study.trials_frame()["parameters"].notna().any()


def test_latency_is_measured_and_kept(
    perceptuna: CommandLine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.driving.driver.REFUSED_IN_A_ROW", 2)
    short = ("--trials", 2, "--epochs", 2, "--space", "small", "--workers", 0)
    perceptuna.done("run", "fast", "--data", "digits", "--aim", "val_accuracy", "--aim", "latency", *short)
    front = json.loads(perceptuna.done("show", "fast", "--json").out)["front"]
    assert all(0 < one["aims"]["latency"] < 10 for one in front)
    told = perceptuna("run", "none", "--data", "digits", "--max-latency", 1e-9, *short)
    assert told.code == 1
    assert "the last 2 configurations are all too large for --max-latency" in told.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--aim", "parameters"), "the first aim, so it has to be a metric"),
        (
            ("--aim", "val_accuracy", "--aim", "size"),
            "expected parameters, latency, bytes, or another metric",
        ),
        (
            ("--aim", "val_accuracy", "--aim", "bytes", "--metric", "val_loss"),
            "the first --aim is the metric",
        ),
        (("--aim", "val_accuracy", "--aim", "bytes", "--sampler", "cmaes"), "knows one aim alone"),
        (("--max-parameters", "0"), "--max-parameters"),
        (("--max-bytes", "many"), "expected a size like 200kB or 2MB"),
    ],
)
def test_what_cannot_be_is_refused(
    perceptuna: CommandLine, folder: Path, words: tuple[str, ...], told: str
) -> None:
    assert told in perceptuna.refused("run", "no", "--data", "digits", *words)


def test_within_chooses_a_trial_itself(perceptuna: CommandLine, studies: Path) -> None:
    message = perceptuna.refused("export", "done", "-o", "m.keras", "--within", "1", "--trial", "0")
    assert "leave out --trial and --ensemble" in message
