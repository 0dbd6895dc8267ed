"""A study that is compared by a quantile: searched, tested beside reference models, and evaluated."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conclusion_calls import Place
from sklearn.metrics import mean_pinball_loss

from search.conclusion.confirmation.record import read_conclusion


def test_a_quantile_is_searched_tested_and_evaluated(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    area = random.uniform(50, 150, 400)
    rows = pd.DataFrame({"area": area, "price": 10 * area + random.exponential(200, 400)})
    rows.to_csv(tmp_path / "prices.csv", index=False)
    place, model = Place(tmp_path), tmp_path / "m.keras"
    searched = place(
        f"run one --data {tmp_path}/prices.csv --target price --metric val_pinball@0.90 --space small --no-known "
        "--trials 2 --epochs 10 --pruner none"
    )
    assert searched.code == 0, searched.err
    assert "val_pinball@0.9, smaller is better" in searched.words
    assert "pinball@0.9" in place("show one").words
    done = place(f"finalize one --top 1 --seeds 2 --folds 2 -o {model}")
    assert done.code == 0, done.err
    conclusion = read_conclusion(place.study("one"))
    assert conclusion is not None
    assert conclusion.test.interval is not None
    assert {one.value is None for one in conclusion.test.references} == {False}
    told = place(f"evaluate {model} {tmp_path}/prices.csv --json")
    assert place(f"predict {model} {tmp_path}/prices.csv -o {tmp_path}/answers.csv").code == 0
    answers = pd.read_csv(tmp_path / "answers.csv")["prediction"]
    measured = json.loads(told.out)["metrics"]["pinball@0.9"]
    assert measured["value"] == pytest.approx(mean_pinball_loss(rows["price"], answers, alpha=0.9), rel=1e-6)
    assert measured["interval"][0] < measured["value"] < measured["interval"][1]


def test_what_is_no_quantile_is_refused_and_nothing_written(tmp_path: Path) -> None:
    place = Place(tmp_path)
    pd.DataFrame({"area": range(90), "price": range(90)}).to_csv(tmp_path / "prices.csv", index=False)
    refused = place(f"run one --data {tmp_path}/prices.csv --target price --metric val_pinball@90")
    assert refused.code == 2
    assert "above 0 and below 1, such as pinball@0.9, but got 'pinball@90'" in " ".join(refused.err.split())
    assert not (tmp_path / "studies.db").exists()
