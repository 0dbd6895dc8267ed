"""Several targets from Python: named in a list, or columns of y; answers have a column for each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from flowers import SPACE

import perceptuna as pt

ROWS = 60
HOW = {"trials": 1, "epochs": 1, "workers": 0, "known": False, "show": False}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PERCEPTUNA_STORAGE", raising=False)


def table() -> pd.DataFrame:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(ROWS, 2)), columns=["x", "z"])
    return frame.assign(heat=frame["x"], cold=9 * frame["z"], wet=frame["x"] > 0, hot=frame["z"] > 0)


def test_a_list_of_columns_is_learnt_together() -> None:
    frame = table()
    study = pt.search(frame, target=["heat", "cold"], drop=["wet", "hot"], space=SPACE, **HOW)
    assert study.name == "heat-cold-1"
    model = study.best_model()
    assert (model.task, model.targets, model.classes) == ("multioutput", ("heat", "cold"), ())
    assert model.predict(frame).shape == (ROWS, 2)
    assert set(model.evaluate(frame)["targets"]) == {"heat", "cold"}
    with pytest.raises(pt.InputError, match="answers quantities, which have no"):
        model.predict_proba(frame)
    with pytest.raises(pt.InputError, match="has its target in the column of that name"):
        model.evaluate(frame[["x", "z"]], frame["heat"])


def test_y_of_two_dimensions_are_labels() -> None:
    frame = table()
    x, y = frame[["x", "z"]].to_numpy(), frame[["wet", "hot"]].to_numpy().astype(int)
    model = pt.search(x, y, space=SPACE, **HOW).best_model()
    assert (model.task, model.targets) == ("multilabel", ("y0", "y1"))
    answers, probabilities = model.predict(x), model.predict_proba(x)
    assert (answers == (probabilities > 0.5)).all()
    assert model.evaluate(x, y)["metrics"]["accuracy"]["value"] == pytest.approx((answers == y).mean())
    with pytest.raises(pt.InputError, match="the model answers 2 targets a row"):
        model.evaluate(x, y[:, 0])


def test_gaps_in_y_are_counted_by_rows() -> None:
    y = np.ones((4, 2))
    y[1] = np.nan
    with pytest.raises(
        pt.InputError, match=r"no value \(NaN\) in 1 of 4 rows.* x\[~numpy.isnan\(y\).any\(axis=1\)\]"
    ):
        pt.search(np.ones((4, 2)), y, **HOW)


def test_y_of_a_frame_is_one_column() -> None:
    frame = table()
    with pytest.raises(pt.InputError, match=r"y has 2 columns; several targets are columns of the DataFrame"):
        pt.search(frame[["x", "z"]], frame[["heat", "cold"]], **HOW)


def test_a_frame_with_gaps_in_one_of_them_is_refused() -> None:
    frame = table()
    frame.loc[3, "cold"] = np.nan
    with pytest.raises(pt.InputError, match="the target 'cold' has no value in 1 of 60 rows"):
        pt.search(frame, target=["heat", "cold"], **HOW)
