"""`perceptuna compare`: what is put side by side, and what is not comparable."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli_calls import CommandLine, build_study, close_connections

from search.analysis.facts.comparison import Compared, Comparison, sentences_of
from storage import StorageURL


@pytest.fixture
def two(perceptuna: CommandLine, tmp_path: Path) -> CommandLine:
    url, cache = StorageURL.parse("perceptuna.db"), tmp_path / "cache"
    build_study(url, cache, "one", [0.91, 0.95], trials=2)
    build_study(url, cache, "two", [0.97], trials=5, seed=0, sampler="random", epochs=9)
    close_connections(url, "one", "two")
    return perceptuna


def test_studies_stand_side_by_side_with_what_differs(two: CommandLine) -> None:
    lines = [line.split() for line in two.done("compare", "one", "two").out.splitlines()]
    assert ["one", "two"] in lines
    assert ["trials", "2/2", "1/5"] in lines
    assert ["best", "val_accuracy", "0.9500", "(trial", "1)", "0.9700", "(trial", "0)"] in lines
    assert ["--sampler", "tpe", "random"] in lines
    assert ["--epochs", "30", "9"] in lines
    assert not [line for line in lines if line[:1] == ["--seed"]]
    told = two.done("compare", "two", "one").out
    assert "(not yet: two, one)" in " ".join(told.split())
    facts = json.loads(two.done("compare", "one", "two", "--json").out)
    assert (facts["why_not"], facts["studies"][1]["best"]) == ([], 0.97)
    assert json.loads(json.dumps(Comparison.from_json(facts).to_json())) == facts


def test_a_setting_that_one_study_alone_was_asked_for_is_told(two: CommandLine, tmp_path: Path) -> None:
    url, cache = StorageURL.parse("perceptuna.db"), tmp_path / "cache"
    build_study(url, cache, "watched", [0.96], trials=2, callbacks=["tracking:Tracker"], split_seed=0)
    for names, values in (("one watched", "– {}"), ("watched one", "{} –")):
        lines = [" ".join(line.split()) for line in two.done("compare", *names.split()).out.splitlines()]
        assert f"--callback {values.format('tracking:Tracker')}" in lines
        assert f"--split-seed {values.format(0)}" in lines


def test_equal_rows_under_two_names_do_not_differ(perceptuna: CommandLine, tmp_path: Path) -> None:
    url = StorageURL.parse("perceptuna.db")
    x = np.random.default_rng(0).normal(size=(60, 2))
    for name in ("one", "two"):
        np.savez(f"{name}.npz", x=x, y=(x[:, 0] > 0).astype(int))
        build_study(url, tmp_path / "cache", name, [0.9], trials=1, data=f"{name}.npz")
    out = perceptuna.done("compare", "one", "two").out
    assert "--data" not in out
    assert "what the studies were asked for is the same in all" in out


def test_what_is_not_comparable_is_said(two: CommandLine, tmp_path: Path) -> None:
    url, cache = StorageURL.parse("perceptuna.db"), tmp_path / "cache"
    build_study(url, cache, "other", [0.3], trials=1, metric="val_crossentropy")
    build_study(url, cache, "split", [0.96], trials=1, val_fraction=0.3)
    out = two.done("compare", "one", "other", "split").out
    assert "These studies are not comparable:" in out
    assert "- metric: val_accuracy of 'one', val_crossentropy of 'other'" in out
    assert "- data, from 'one' to 'split': val_fraction: 0.15 -> 0.3" in out
    assert "holds luck" not in out


def test_what_cannot_be_compared_is_refused(two: CommandLine) -> None:
    assert "expected 2 to 10 studies to compare, but got 1" in two.refused("compare", "one")
    assert "study 'one' is named twice" in two.refused("compare", "one", "two", "one")
    assert "no study 'thre'" in two.refused("compare", "one", "thre")


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (
            (0.80, 0.84),
            "a is better than b on fresh seeds: 0.9200 against 0.8200, and their intervals lie apart.",
        ),
        ((0.80, 0.91), "a and b are not told apart by fresh seeds: 0.9200 against 0.8550"),
    ],
)
def test_confirmed_values_are_told_apart_by_their_intervals(second: tuple[float, float], said: str) -> None:
    def compared(name: str, interval: tuple[float, float]) -> Compared:
        middle = sum(interval) / 2
        return Compared(
            name, "val_accuracy", 1, 1, 0.9, 0, None, None, middle, interval, 0.9, None, 1.0
        )  # fmt: skip

    found = Comparison("maximize", [compared("b", second), compared("a", (0.9, 0.94))], [], [], [])
    (sentence,) = sentences_of(found)
    assert sentence.startswith(said)
