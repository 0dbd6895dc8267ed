"""`export --calibrate`: logits divided by one number, which is in the file only where it is better on other rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from conclusion_calls import Story
from digits_spec import digits_spec
from sklearn.metrics import log_loss

from search.conclusion.calibration import exporting
from search.conclusion.calibration.exporting import sentences
from search.conclusion.calibration.fitting import Calibration, calibration_of, temperature_of
from search.conclusion.ensemble.judging import Judge
from search.data import prepare
from search.study.data_cache import cache_folder
from search.training.keras_form.calibrated import calibrated_model


def rows_of(task: str, rows: int = 2000) -> tuple[np.ndarray, Judge]:
    """Logits that come true as often as they say, and a judge of rows that are so."""
    random, classes = np.random.default_rng(0), 2 if task == "binary" else 4
    logits = 2 * random.normal(size=(rows, 1 if task == "binary" else classes))
    of_all = np.concatenate([0 * logits, logits], axis=1) if task == "binary" else logits
    y = (of_all + random.gumbel(size=of_all.shape)).argmax(axis=1)
    spec = digits_spec(task=task, class_names=tuple(map(str, range(classes))))
    return logits, Judge(y, spec, "crossentropy")


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_what_is_three_times_too_sure_is_divided_by_three(task: str) -> None:
    logits, judge = rows_of(task)
    found = calibration_of(3 * logits, judge)
    assert found.temperature == pytest.approx(3.0, rel=0.1)
    assert found.temperature == pytest.approx(3 * temperature_of(logits, judge), rel=1e-4)
    assert found.kept
    assert found.gain == pytest.approx(found.before - found.crossentropy, rel=0.1)
    assert found.gain_interval is not None
    assert found.gain_interval[0] > 0
    # It is the least there is.
    for other in (0.98, 1.02):
        there = judge.measured(3 * logits / (other * found.temperature))["crossentropy"]
        assert there > found.crossentropy


def test_what_rows_that_fit_it_flatter_is_left_out() -> None:
    """Of few rows that come true as they are, each half fits its own luck."""
    logits, judge = rows_of("multiclass", 30)
    found = calibration_of(logits, judge)
    assert found.gain is not None
    assert found.before - found.crossentropy > max(0.0, found.gain)
    assert found.kept == (found.gain > 0)
    assert calibration_of(logits[:1], judge.of(np.array([0]))).kept is False


def test_it_is_said_whether_it_is_in_the_file() -> None:
    found = Calibration(
        temperature=1.5,
        rows=300,
        before=0.4,
        crossentropy=0.35,
        kept=True,
        gain=0.04,
        gain_interval=(0.01, 0.07),
    )
    assert sentences(found) == [
        "logits divided by 1.5000 suit the 300 validation rows best: cross-entropy 0.3500 for 0.4000 there",
        "each half of the rows by the number of the other half is 0.040 ± 0.030 of crossentropy better",
        "so the logits are divided by it in the file",
    ]
    worse = found.model_copy(update={"kept": False, "gain": -0.04, "gain_interval": (-0.07, -0.01)})
    # Another mean may be in the file then, of folds of all rows.
    assert sentences(found, tested=True)[-1] == "so the logits were divided by it for the test"
    assert sentences(worse)[1:] == [
        "each half of the rows by the number of the other half is 0.040 ± 0.030 of crossentropy worse",
        "that is not better, so nothing is divided: the probabilities are as they were",
    ]


@pytest.mark.parametrize(("task", "units"), [("binary", 1), ("multiclass", 3)])
def test_a_calibrated_model_answers_by_the_divided_logits(task: str, units: int, tmp_path: Path) -> None:
    activation = "sigmoid" if task == "binary" else "softmax"
    x = keras.Input((2,))
    model = keras.Model(x, keras.layers.Dense(units, activation)(x))
    rows = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    logits = rows @ model.get_weights()[0] / 2.5
    expected = 1 / (1 + np.exp(-logits))
    if task == "multiclass":
        expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    calibrated_model(model, 2.5, task).save(tmp_path / "calibrated.keras")
    loaded = keras.models.load_model(tmp_path / "calibrated.keras")
    assert loaded.predict(rows, verbose=0) == pytest.approx(expected, abs=1e-6)
    # What a float takes for sure has a logit all the same.
    sure = loaded.predict(1e6 * rows, verbose=0)
    assert np.isfinite(sure).all()
    assert ((sure >= 0) & (sure <= 1)).all()


def test_the_exported_model_has_the_number_in_it_and_its_facts_say_what_it_gains(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, found = story.place, []

    def kept(*given: Any) -> Calibration:
        found.append(calibration_of(*given).model_copy(update={"kept": True}))
        return found[0]

    monkeypatch.setattr(exporting, "calibration_of", kept)
    done = place(f"export one --calibrate -o {place.folder}/calibrated.keras")
    assert done.code == 0, done.err
    assert "logits divided by" in done.words
    facts = json.loads((place.folder / "calibrated.json").read_text())
    assert facts["calibration"] == json.loads(found[0].model_dump_json())
    best = place.study("one").best_trial()
    assert best is not None
    assert (facts["trial"], facts["value"]) == (best.number, best.value)
    x, y = prepare(place.study("one").settings.data_request(), cache_folder()).validation()
    shares = keras.models.load_model(place.folder / "calibrated.keras").predict(x, verbose=0)
    assert log_loss(y, shares, labels=range(10)) == pytest.approx(found[0].crossentropy, rel=1e-4)
    refused = place(f"export one --calibrate --ensemble 2 -o {place.folder}/both.keras")
    assert (refused.code, refused.err.count("one network is calibrated")) == (2, 1)
