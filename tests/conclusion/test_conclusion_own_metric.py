"""A study that is compared by a metric of the user's own: run, gone on with, finalized by seeds alone."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from conclusion_calls import Place
from sklearn.metrics import mean_pinball_loss

from search.conclusion.confirmation.record import read_conclusion

SPACE = "depth = 1\nwidth = 8\nlearning_rate = { low = 0.01, high = 0.02, log = true }\n"
MODULE = """
from sklearn.metrics import mean_pinball_loss

def pinball(y_true, y_pred):
    return mean_pinball_loss(y_true, y_pred, alpha=0.9)
"""
METRIC = "val_pinballs:pinball(minimize)"


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("own")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 3)).astype(np.float32)
    y = 10 * (x @ [1.0, -0.5, 0.25]) + random.normal(size=300)
    pd.DataFrame({**dict(zip("abc", x.T, strict=True)), "price": y}).to_csv("rows.csv", index=False)
    (folder / "space.toml").write_text(SPACE)
    (folder / "pinballs.py").write_text(MODULE)
    yield Place(folder)
    sys.modules.pop("pinballs", None)


def test_it_is_named_everywhere_and_interval_is_there_none(place: Place) -> None:
    how = "--space space.toml --no-known --trials 2 --epochs 2 --pruner none --workers 1 --sampler random"
    start = f"run one --data rows.csv --target price {how} --metric pinballs:pinball"
    refused = place(start)
    assert (refused.code, "--direction maximize or minimize" in " ".join(refused.err.split())) == (2, True)
    assert not (place.folder / "studies.db").exists()
    done = place(f"{start} --direction minimize")
    assert done.code == 0, done.err
    assert f"compared by {METRIC}, smaller is better" in done.words

    model = place.folder / "model.keras"
    finalized = place(f"finalize one --top 1 --seeds 2 --ensemble 2 -o {model}")
    assert finalized.code == 0, finalized.err
    conclusion = read_conclusion(place.study("one"))
    assert conclusion is not None
    assert (conclusion.metric, conclusion.direction) == (METRIC, "minimize")
    assert (conclusion.test.interval, conclusion.by_rows) == (None, False)
    linear = next(one for one in conclusion.test.references if one.name == "linear")
    assert linear.value is not None
    assert linear.value < (conclusion.test.value or 0.0)
    assert (linear.interval, linear.p) == (None, None)
    # The file answers what was judged.
    assert place("predict model.keras rows.csv -o answers.csv --keep price").code == 0
    answers = pd.read_csv("answers.csv")
    over_all = mean_pinball_loss(answers["price"], answers["prediction"], alpha=0.9)
    assert over_all == pytest.approx(conclusion.test.value, rel=0.5)

    # Who looks needs no module, who trains does.
    (place.folder / "pinballs.py").unlink()
    shutil.rmtree(place.folder / "__pycache__", ignore_errors=True)
    sys.modules.pop("pinballs")
    assert json.loads(place("show one --json").out)["metric"] == METRIC
    gone = place("resume one --add 1")
    assert (gone.code, "there is no module 'pinballs'" in " ".join(gone.err.split())) == (2, True)
    assert len(place.study("one").trials()) == 2
