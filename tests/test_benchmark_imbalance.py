"""The benchmark of a rare class: how rare it is made, what is scored, and what networks with weights search."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import imbalance
from benchmarks.imbalance import CONTESTANTS, RARE, Budget, imbalanced, lines, measured, scores, write_tables
from benchmarks.measure import measure_missing
from spaces import known_configurations, load_baselines, load_space


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """train.csv and test.csv of a table `bank`, made up: who has many years answers otherwise."""
    numbers = np.random.default_rng(0)
    for part, rows in (("train", 1000), ("test", 800)):
        years = numbers.uniform(20, 80, rows)
        frame = pd.DataFrame({"years": years, "deposit": np.where(years > 60, "yes", "no")})
        frame.to_csv(tmp_path / f"bank-{part}.csv", index=False)
    assert write_tables(tmp_path, "bank", 0, tmp_path) == "deposit"
    return tmp_path


def test_one_row_in_twenty_is_rare_on_both_sides(folder: Path) -> None:
    for side in ("train", "test"):
        rare = pd.read_csv(folder / f"{side}.csv")["deposit"] == RARE
        assert rare.mean() == pytest.approx(0.05, abs=0.005)


@pytest.mark.parametrize("most", [None, 100])
def test_all_that_is_rare_is_taken_where_there_is_too_little(most: int | None) -> None:
    rare = np.arange(1000) < 3
    chosen = imbalanced(rare, np.random.default_rng(0), most)
    assert len(set(chosen)) == len(chosen)
    assert rare[chosen].sum() == 3
    assert len(chosen) <= (most or 1000)


def test_trees_that_balance_classes_are_scored_by_classes_and_probabilities(folder: Path) -> None:
    found = measured(folder, "trees", "deposit", 0, Budget(1, 1, 1))
    assert found["balanced_accuracy"] > 0.95
    assert found["average_precision"] > 0.95
    rare, named = np.array([True, False, False]), np.array([True, True, False])
    assert scores(rare, named, np.array([0.9, 0.8, 0.1])) == {
        "balanced_accuracy": 0.75,
        "average_precision": 1.0,
    }


def test_networks_with_weights_search_what_the_others_search(tmp_path: Path) -> None:
    options = imbalance._weighted(tmp_path, 3)
    space, known = options[options.index("--space") + 1], options[options.index("--baselines") + 1]
    usual = load_space("tables").parameters
    weighted = dict(load_space(space).parameters)
    assert weighted.pop("class_weight") != usual.get("class_weight")
    assert weighted == {name: usual[name] for name in weighted}
    first = load_baselines(known)
    assert [one.name for one in first] == [one.name for one in known_configurations("binary", "table", 0)][:3]
    assert {one.hyperparameters.class_weight for one in first} == {1.0}


def test_the_median_over_seeds_is_shown_and_what_is_missing() -> None:
    rows = [
        {"table": "bank", "model": model, "seed": seed, "balanced_accuracy": value, "average_precision": 0.5}
        for model in CONTESTANTS[1:]
        for seed, value in enumerate((0.5, 0.7, 0.9))
    ]
    told = " | ".join(["0.700 (0.500–0.900)"] * 3)
    assert f"| bank | – | {told} |" in list(lines(rows))


def test_what_is_measured_is_not_measured_again(tmp_path: Path) -> None:
    asked: list[tuple[str, int]] = []

    def measure(table: str, seed: int) -> dict[str, int]:
        asked.append((table, seed))
        return {"value": 10 * seed}

    known = [{"table": "bank", "seed": 0, "value": 5}]
    wanted = [("bank", 0), ("bank", 1), ("wine", 0)]
    found = measure_missing(tmp_path / "rows.json", known, wanted, ("table", "seed"), measure)
    assert asked == wanted[1:]
    assert [row["value"] for row in found] == [5, 10, 0]
    assert json.loads((tmp_path / "rows.json").read_text())["rows"] == found
