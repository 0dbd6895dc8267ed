"""The benchmark on tables: what it scores, and that it goes on where it was ended."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from benchmarks import tables
from benchmarks.tables_rows import targets, training_table
from benchmarks.tables_scores import LEAST, markdown, scores


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A folder with the table `house`, made up: a category, missing numbers, a price."""
    numbers = np.random.default_rng(0)
    for part, rows in (("train", 60), ("test", 30)):
        area, kind = numbers.uniform(50, 150, rows), numbers.choice(["flat", "villa"], rows)
        price = 1000 * area + 50_000 * (kind == "villa")
        area[::7] = np.nan
        frame = pd.DataFrame({"area [m²]": area, "kind": kind, "SalePrice": price})
        frame.to_csv(tmp_path / f"house-{part}.csv", index=False)
    return tmp_path


def test_scores_are_those_of_scikit_learn() -> None:
    numbers = np.random.default_rng(0)
    truth = numbers.choice(["no", "yes"], 200)
    yes = numbers.uniform(0.01, 0.99, 200)
    found = scores(truth, np.stack([1 - yes, yes], axis=1), ["no", "yes"])
    assert found["cross_entropy"] == pytest.approx(log_loss(truth == "yes", yes))
    assert found["accuracy"] == accuracy_score(truth == "yes", yes > 0.5)
    assert found["auc"] == roc_auc_score(truth == "yes", yes)


def test_a_class_that_the_model_has_never_seen_costs_a_sure_error() -> None:
    found = scores(np.array(["a", "c"]), np.array([[1.0, 0.0, 0.0]] * 2), ["a", "b", "d"])
    assert found["accuracy"] == 0.5
    assert found["cross_entropy"] == pytest.approx(-np.log(LEAST) / 2)


def test_rivals_get_categories_of_the_training_rows_and_missing_values_as_they_are(house: Path) -> None:
    task = {"train": str(house / "house-train.csv"), **tables.TABLES["house"]}
    table = training_table(task)
    (house / "rows.csv").write_text("area [m²],kind\n,castle\n80,villa\n", encoding="utf-8")
    rows = table.features(house / "rows.csv")
    assert rows.dtypes.to_dict() == table.x.dtypes.to_dict()
    assert rows.isna().to_numpy().tolist() == [[True, True], [False, False]]
    assert targets(house / "house-train.csv", task).dtype == np.float64


def test_rows_that_are_there_are_not_run_again(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    budget = tables.Budget(seconds=1.0, workers=1, seeds=2, search_seeds=1, quick=True)
    output, contests = house / "rows.json", [("house", "constant")]
    rows = tables.compare(house, contests, budget, tables.RIVALS, output, tables.rows_of(output))
    assert [(row["model"], row["seed"], row["test_rows"]) for row in rows] == [("constant", 0, 30)]
    assert capsys.readouterr().out.startswith("seed 0, house, constant: {'rmse': ")
    assert tables.compare(house, contests, budget, tables.RIVALS, output, tables.rows_of(output)) == rows
    assert capsys.readouterr().out == ""


def test_models_are_compared_by_the_median_over_their_seeds() -> None:
    values = {"hist_gradient_boosting": [4.0], "linear": [9.0, 2.0, 1.0]}
    rows = [
        {"table": "house", "task": "regression", "model": model, "seed": seed, "scores": {"rmse": rmse}}
        | {"cpu": 1.0, "wall": 1.0, "test_rows": 30}
        for model, each in values.items()
        for seed, rmse in enumerate(each)
    ]
    shown = list(markdown(rows))
    assert "| linear | 2 (1–9) | 0.500 | 1 | 1 | 3 |" in shown
    assert "| linear |  | 0.500 (0.500–0.500) | 1 of 1 |  |" in shown


def test_a_contestant_that_fails_is_told_and_tried_again(house: Path) -> None:
    budget = tables.Budget(seconds=1.0, workers=1, seeds=1, search_seeds=1, quick=True)
    (house / "house-train.csv").write_text("area,SalePrice\nsmall,cheap\n", encoding="utf-8")
    output = house / "rows.json"
    (row,) = tables.compare(house, [("house", "constant")], budget, tables.RIVALS, output, [])
    assert "cheap" in row["error"]
    assert "FAILED" in tables.said(row)
    assert tables.compare(house, [], budget, tables.RIVALS, output, tables.rows_of(output)) == []
