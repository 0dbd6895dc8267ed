"""What a model goes by: told by evaluate of any rows, and by show of a study's validation rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cli_calls import CommandLine
from saved_models import customers, saved_model, write_csv

from search.answering.explaining.importance import MOST_ROWS, SHUFFLES, importances, rows_within
from search.data import DataRequest


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models of customers, of three classes and of a quantity, and new rows."""
    folder = tmp_path_factory.mktemp("customers")
    rows = str(write_csv(folder / "training.csv", customers()))
    for target in ("left", "debt"):
        saved_model(folder / f"{target}.keras", DataRequest(rows, target=target))
    write_csv(folder / "new.csv", customers(300, seed=1))
    return folder


def explained(perceptuna: CommandLine, model: Path, rows: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(perceptuna.done("evaluate", model, rows, "--json").out)["explanation"]
    return found


def test_what_nothing_goes_by_has_no_importance_and_a_slope_has_the_one_that_it_should() -> None:
    """Of answers 3 a + b, which are right, a shuffled a makes the mean squared error 2 (3²) var(a)."""
    random = np.random.default_rng(0)
    x = random.normal(size=(20_000, 4)).astype(np.float32)
    y = 3 * x[:, 0] + x[:, 2]
    places = {"a": np.array([0]), "nothing": np.array([1]), "b": np.array([2, 3])}
    value, found = importances(
        x, places, lambda rows: float(np.square(3 * rows[:, 0] + rows[:, 2] - y).mean()), sign=-1
    )
    assert value == 0
    assert [one.column for one in found] == ["a", "b", "nothing"]
    assert [one.worse for one in found] == pytest.approx([18, 2, 0], rel=0.05)
    assert found[2].error == 0
    assert all(one.error < 0.05 * one.worse for one in found[:2])


def test_fewer_rows_are_looked_at_the_more_a_network_computes() -> None:
    assert rows_within(20, 10_000) == MOST_ROWS
    assert rows_within(2000, 1_000_000) < rows_within(200, 100_000) <= MOST_ROWS


def test_columns_of_the_source_have_importances_whatever_was_made_of_them(
    perceptuna: CommandLine, made: Path
) -> None:
    found = explained(perceptuna, made / "left.keras", made / "new.csv")
    assert {one["column"] for one in found["importances"]} == {
        "age", "income", "town", "member", "since", "debt",
    }  # fmt: skip
    worse = [one["worse"] for one in found["importances"]]
    assert worse == sorted(worse, reverse=True)
    assert all(one["error"] > 0 for one in found["importances"])
    assert (found["rows"], found["of"], found["shuffles"]) == (300, 300, SHUFFLES)
    assert found["metric"] == "crossentropy"
    assert found["answers"] == ["maybe", "no", "yes"]


@pytest.mark.parametrize("target", ["left", "debt"])
def test_along_a_column_is_what_predict_answers_where_all_rows_have_the_value(
    perceptuna: CommandLine, made: Path, target: str
) -> None:
    found = explained(perceptuna, made / f"{target}.keras", made / "new.csv")
    rows = customers(300, seed=1)
    for along in found["dependences"]:
        for point in along["points"][-2:]:
            value = "" if point["value"] == "missing" else point["value"].replace(",", "")
            if along["column"] == "income":
                value = f"€ {value.replace('.', ',')}"
            write_csv(Path("changed.csv"), {**rows, along["column"]: [value] * 300})
            perceptuna.done(
                "predict", made / f"{target}.keras", "changed.csv", "-o", "answers.csv", "--force"
            )
            answers = pd.read_csv("answers.csv")
            columns = (
                [f"probability_{name}" for name in found["answers"]] if target == "left" else ["prediction"]
            )
            assert point["answers"] == pytest.approx(answers[columns].mean().tolist(), abs=1e-4)


def test_rows_that_are_most_wrong_are_told_with_their_place_and_values(
    perceptuna: CommandLine, made: Path
) -> None:
    found = explained(perceptuna, made / "debt.keras", made / "new.csv")
    perceptuna.done("predict", made / "debt.keras", made / "new.csv", "-o", "answers.csv")
    rows = pd.read_csv(made / "new.csv", sep=";")
    errors = (pd.read_csv("answers.csv")["prediction"] - rows["debt"]).abs()
    worst = errors.nlargest(5)
    assert [one["row"] for one in found["wrong"]] == [index + 1 for index in worst.index]
    assert [one["wrong"] for one in found["wrong"]] == pytest.approx(worst.tolist(), rel=1e-5)
    first = rows.loc[worst.index[0]]
    assert found["wrong"][0]["values"]["town"] == first["town"]
    assert found["wrong"][0]["values"]["age"] == (
        "missing" if np.isnan(first["age"]) else f"{first['age']:g}"
    )
    said = perceptuna.done("evaluate", made / "debt.keras", made / "new.csv").out
    assert "answered most wrong, by absolute error" in said


def test_show_explains_the_best_model_of_a_study_by_its_validation_rows(perceptuna: CommandLine) -> None:
    rows = write_csv(Path("rows.csv"), customers(120))
    perceptuna.done(
        "run", "s", "--data", rows, "--target", "debt", "--trials", "1", "--epochs", "2", "--workers", "1"
    )  # fmt: skip
    said = perceptuna.done("show", "s", "--model", "--json")
    found = json.loads(said.out)
    assert found["of"] == 18
    assert found["metric"] == "rmse"
    shown = json.loads(perceptuna.done("show", "s", "--json").out)
    assert found["value"] == pytest.approx(shown["leaderboard"][0]["validation"], rel=1e-5)
    assert "which chose this trial" in said.err
    assert "how much worse rmse gets" in perceptuna.done("show", "s", "--model").out
    assert "leave --trial or --model out" in perceptuna.refused("show", "s", "--model", "--trial", "0")
