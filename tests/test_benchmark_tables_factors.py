"""The benchmark of what the vocabulary has not: that a factor is trained, and how factors are compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import tables_factors, tables_folds
from benchmarks.tables_factors import FACTORS, Job, jobs_of, lines, rows_of_sides, tree_bins


@pytest.fixture
def bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the table `bank`, made up: who has many years answers otherwise."""
    monkeypatch.setattr("search.machine.tensorflow_start.start_tensorflow", lambda threads: None)
    monkeypatch.setattr(tables_factors, "EPOCHS", 2)
    monkeypatch.setenv("PERCEPTUNA_CACHE", str(tmp_path / "cache"))
    numbers = np.random.default_rng(0)
    for part, rows in (("train", 80), ("test", 30)):
        years = numbers.uniform(20, 80, rows)
        frame = pd.DataFrame({"years": years, "deposit": np.where(years > 50, "yes", "no")})
        frame.to_csv(tmp_path / f"bank-{part}.csv", index=False)
    return tmp_path


def test_factors_are_trained_and_scored(bank: Path) -> None:
    for name in ("skip, 4 layers", "moving average of the weights, 0.99"):
        row = tables_factors.train_one(Job(name, "bank", 0, bank))
        assert (row["factor"], row["table"], row["seed"]) == (name, "bank", 0)
        assert 0 < row["test"] < 2


def test_a_tree_puts_an_edge_where_the_answer_changes(bank: Path) -> None:
    rows = rows_of_sides(bank, "bank")
    slopes, offsets = tree_bins(rows, 1)
    edges = -offsets[slopes > 0] / slopes[slopes > 0]
    years, answers = rows.train[0][:, 0], rows.train[1]
    least, most = years[answers == 1].min(), years[answers == 0].max()
    assert any(min(least, most) <= edge <= max(least, most) for edge in edges)


def test_losses_of_quantities_are_not_tried_on_classes(tmp_path: Path) -> None:
    on = {table: {job.factor for job in jobs_of(tmp_path, [table], 1)} for table in ("bank", "house")}
    assert on["house"] == set(FACTORS)
    assert on["house"] - on["bank"] == {"loss mae", "loss huber"}


def test_a_factor_is_told_by_its_ratio_to_the_network_without_it() -> None:
    errors = {"periodic": (1.0, 2.0), "beta_2 0.95": (0.5, 1.0), "4 layers": (1.1, 1.9)}
    rows = [
        {"factor": name, "table": table, "seed": 0, "test": error, "cpu": 3.0}
        for name, each in errors.items()
        for table, error in zip(("bank", "house"), each, strict=True)
    ]
    told = list(lines(rows))
    assert "| beta_2 0.95 | periodic | -50.0 % (-50.0 to -50.0) | 2 of 2 | × 1.00 |" in told
    assert next(line for line in told if line.startswith("| 4 layers")).split(" | ")[3] == "1 of 2"


def test_folds_are_told_beside_one_network_and_seeds() -> None:
    seeds, folds = {"rows": [70], "single": 0.5, "mean": 0.4}, {"rows": [68], "single": 0.45, "mean": 0.3}
    all_rows = {"rows": [80], "single": 0.4, "mean": 0.25}
    row = {"table": "bank", "seeds": seeds, "folds": folds, "folds of all rows": all_rows}
    told = list(tables_folds.lines([row]))
    cells = "0.4000 (-20.0 %) | 0.4500 (-10.0 %) | 0.3000 (-40.0 %) | 0.2500 (-50.0 %)"
    assert f"| bank | 70 | 0.5000 | {cells} |" in told
    assert told[-1] == "| all | | | -20.0 % | -10.0 % | -40.0 % | -50.0 % |"


def test_folds_are_trained(bank: Path) -> None:
    row = tables_folds.train_all(bank, "bank", epochs=1)
    assert 0 < row["folds"]["mean"] < 2
    assert len(row["folds"]["rows"]) == tables_folds.NETWORKS
    assert row["folds of all rows"]["rows"][0] > row["folds"]["rows"][0]
