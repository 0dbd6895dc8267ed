"""Prediction intervals of a study, from export to predict, evaluate and finalize."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_calls import CommandLine
from saved_models import customers, saved_model, write_csv

from search.data import DataRequest


def test_intervals_go_along_with_the_model_of_a_regression(perceptuna: CommandLine) -> None:
    rows = write_csv(Path("rows.csv"), customers(240))
    new = write_csv(Path("new.csv"), customers(100, seed=1))
    perceptuna.done(
        "run", "s", "--data", rows, "--target", "debt", "--trials", "1", "--epochs", "2", "--workers", "1"
    )  # fmt: skip
    perceptuna.done("export", "s", "-o", "s.keras")
    kept = json.loads(Path("s.json").read_text())["intervals"]
    assert kept["rows"] == 36
    for model in ("s.keras", "s"):
        perceptuna.done("predict", model, new, "--interval", "0.9", "-o", "a.csv", "--force")
        answers = pd.read_csv("a.csv")
        assert list(answers.columns) == ["prediction", "lower", "upper"]
        half = kept["halves"]["0.9"][0]
        assert np.allclose(answers["upper"] - answers["prediction"], half, rtol=1e-4)
        assert np.allclose(answers["prediction"] - answers["lower"], half, rtol=1e-4)
    debts = np.array([float(debt) for debt in customers(100, seed=1)["debt"]])
    within = ((answers["lower"] <= debts) & (debts <= answers["upper"])).mean()
    told = json.loads(perceptuna.done("evaluate", "s.keras", new, "--json").out)["coverage"]
    of_90 = next(one for one in told if one["level"] == 0.9)
    assert of_90["share"] == within
    assert of_90["width"] == pytest.approx(2 * half, rel=1e-4)
    assert "rows whose target is within the prediction interval" in perceptuna.done("evaluate", "s", new).out

    message = perceptuna.refused("predict", "s.keras", new, "--interval", "0.99", "-o", "b.csv")
    assert (
        "36 validation rows are too few for it; take one of these: 0.5, 0.6, 0.7, 0.8, 0.9, 0.95" in message
    )
    Path("s.json").write_text(json.dumps({**json.loads(Path("s.json").read_text()), "intervals": None}))
    assert "export it again" in perceptuna.refused(
        "predict", "s.keras", new, "--interval", "0.9", "-o", "b.csv"
    )
    assert not Path("b.csv").exists()

    perceptuna.done("finalize", "s", "-o", "final.keras", "--top", "1", "--seeds", "2", "--folds", "2")
    facts = json.loads(Path("final.json").read_text())
    assert facts["intervals"]["rows"] == 204  # of both folds: all rows but those of the test split
    seen = facts["conclusion"]["test"]["coverage"]
    assert 0 <= seen["interval"][0] < seen["share"] <= 1
    assert "within intervals of 90%" in perceptuna.done("show", "s").out


def test_intervals_of_classes_are_refused(perceptuna: CommandLine) -> None:
    rows = write_csv(Path("rows.csv"), customers())
    saved_model(Path("left.keras"), DataRequest(str(rows), target="left"))
    message = perceptuna.refused("predict", "left.keras", rows, "--interval", "0.9", "-o", "a.csv")
    assert "the model answers classes" in message
