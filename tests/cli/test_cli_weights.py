"""evaluate counts rows as the study did, of arrays too; a row that has no weight is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_calls import CommandLine
from saved_models import saved_model
from sklearn import metrics

from search.data import DataRequest


def test_arrays_are_judged_by_their_weights(perceptuna: CommandLine) -> None:
    random = np.random.default_rng(0)
    x, weights = random.normal(size=(60, 3)), random.integers(0, 4, 60)
    y = x[:, 0] + random.normal(size=60)
    np.savez("rows.npz", x=x, y=y, w=weights)
    saved_model(Path("m.keras"), DataRequest("rows.npz", task="regression", weight="w"))
    np.savez("new.npz", x_test=x[:40], y_test=y[:40], w_test=weights[:40])
    np.savez("alike.npz", x=x[:40], y=y[:40])
    perceptuna.done("predict", "m.keras", "alike.npz", "-o", "answers.csv")
    answers = pd.read_csv("answers.csv")["prediction"]
    for name, counts in (("new", weights[:40]), ("alike", None)):
        told = json.loads(perceptuna.done("evaluate", "m.keras", f"{name}.npz", "--json").out)
        expected = metrics.root_mean_squared_error(y[:40], answers, sample_weight=counts)
        assert told["metrics"]["rmse"]["value"] == pytest.approx(expected, rel=1e-5)
        assert told["explanation"]["value"] == pytest.approx(expected, rel=1e-4)
        words = "metrics count rows as 'w' says" if counts is not None else "there is no 'w'"
        assert any(words in remark for remark in told["remarks"])
    np.savez("wrong.npz", x=x, y=y, w=np.where(weights == 0, np.nan, weights))
    assert "should hold a number of 0 or more in each row" in perceptuna.refused(
        "evaluate", "m.keras", "wrong.npz"
    )
    np.savez("none.npz", x=x, y=y, w=np.zeros(60))
    assert "so that none counts" in perceptuna.refused("evaluate", "m.keras", "none.npz")


def test_a_weight_of_what_has_none_is_refused_and_nothing_is_written(perceptuna: CommandLine) -> None:
    Path("rows.csv").write_text("a,w,y\n" + "".join(f"{row},{row % 3 - 1},{row % 2}\n" for row in range(60)))
    run = ("run", "study", "--data", "rows.csv", "--target", "y", "--weight")
    assert "20 of 60 rows hold something else, the first of them '-1'" in perceptuna.refused(*run, "w")
    assert "has no column 'v'" in perceptuna.refused(*run, "v")
    assert "weight 'w' does not apply to digits" in perceptuna.refused(
        "run", "study", "--data", "digits", "--weight", "w"
    )
