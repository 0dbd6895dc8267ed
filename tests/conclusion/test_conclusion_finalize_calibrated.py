"""`finalize` divides logits by a temperature that rows fit which the networks did not see, where that is better."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from conclusion_calls import Outcome, Place
from sklearn.metrics import accuracy_score, log_loss

from search.conclusion.calibration import fitting
from search.conclusion.calibration.fitting import Calibration, calibration_of
from search.conclusion.confirmation.record import Conclusion, read_conclusion
from search.conclusion.confirmation.tested import network_of
from search.conclusion.confirmation.words import steps
from search.conclusion.ensemble.judging import Judge
from search.data import fold_of
from search.data.preparing.sealed import open_test_split
from search.study.data_cache import prepare_data
from search.study.record_of_looks import looks

SPACE = "depth = 2\nwidth = 64\nlearning_rate = { low = 0.01, high = 0.02, log = true }\n"
HOW = "--no-known --trials 2 --epochs 30 --patience 30 --pruner none --workers 1 --sampler random"
FOLDS = 2


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Studies `sure` and `second`, whose networks are trained long on few rows, of which a quarter is noise."""
    folder = tmp_path_factory.mktemp("calibrated")
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 4)).astype(np.float32)
    y = np.where((x[:, 0] > 0) ^ (random.random(400) < 0.25), "yes", "no")
    pd.DataFrame({**dict(zip("abcd", x.T, strict=True)), "sick": y}).to_csv(folder / "rows.csv", index=False)
    (folder / "space.toml").write_text(SPACE)
    made = Place(folder)
    for name, metric in (("sure", "val_accuracy"), ("second", "val_brier")):
        data = f"--data {folder}/rows.csv --target sick --metric {metric} --space {folder}/space.toml"
        done = made(f"run {name} {data} {HOW}")
        assert done.code == 0, done.err
    return made


@pytest.fixture(scope="module")
def finalize(place: Place) -> Callable[[str, str], tuple[Outcome, Conclusion, dict[str, Any]]]:
    def call(name: str, options: str) -> tuple[Outcome, Conclusion, dict[str, Any]]:
        done = place(f"finalize {name} --top 1 --seeds 2 {options} -o {place.folder}/{name}.keras --force")
        assert done.code == 0, done.err
        found = read_conclusion(place.study(name))
        assert found is not None
        return done, found, json.loads((place.folder / f"{name}.json").read_text())

    return call


def answers_of(place: Place, name: str) -> tuple[np.ndarray, np.ndarray]:
    """What the written file answers for the sealed rows, and what they are."""
    data = prepare_data(place.study(name).settings)
    x, y = open_test_split(data)
    model = keras.models.load_model(place.folder / f"{name}.keras")
    (core,) = (layer for layer in model.layers if isinstance(layer, keras.Model))
    return np.asarray(core(np.asarray(x)))[:, 0].astype(float), np.asarray(y)


def test_rows_that_the_networks_did_not_see_fit_it_and_what_is_tested_is_in_the_file(
    place: Place, finalize: Any
) -> None:
    done, found, facts = finalize("sure", f"--folds {FOLDS} --calibrate")
    calibration = found.calibration
    assert calibration is not None
    assert calibration.kept
    assert calibration.temperature > 1.2
    companion, data = place.study("sure.finalize"), prepare_data(place.study("sure").settings)
    outputs, judges = [], []
    for trial in companion.finished():
        if trial.planned is not None and trial.planned.fold is not None:
            fold = fold_of(data, trial.planned.fold.number, FOLDS)
            x, y = fold.validation()
            outputs.append(network_of(companion, trial).outputs(data.spec, x))
            judges.append(Judge(np.asarray(y), data.spec, "accuracy"))
    assert calibration == calibration_of(np.concatenate(outputs), Judge.of_all(judges))
    assert calibration.rows == data.spec.rows.train + data.spec.rows.validation
    shares, y = answers_of(place, "sure")
    measured = found.test.measured
    assert log_loss(y, shares) == pytest.approx(measured["crossentropy"], rel=1e-4)
    assert accuracy_score(y, shares > 0.5) == pytest.approx(found.test.value)
    assert found.test.temperature == calibration.temperature
    assert facts["calibration"] == json.loads(calibration.model_dump_json())
    assert (
        f"Logits divided by {calibration.temperature:.4f} suit the {calibration.rows} rows of the folds"
        in done.words
    )
    # An accuracy is what it was: no line of the table says more.
    assert not [what for what, _, _ in steps(found) if "divided" in what]
    assert "logits divided by" in place("show sure").words.lower()


def test_the_same_again_opens_nothing_and_without_it_is_another_look(place: Place, finalize: Any) -> None:
    _, first, _ = finalize("sure", f"--folds {FOLDS} --calibrate")
    assert len(looks(place.study("sure"))) == 1
    plain, found, facts = finalize("sure", f"--folds {FOLDS} --no-calibrate")
    assert "the test split of this study was opened once before" in plain.err
    assert len(looks(place.study("sure"))) == 2
    assert (found.calibration, found.test.temperature, "calibration" in facts) == (None, None, False)
    # The temperature gains on rows that nobody has seen what it gained on those of the folds, about.
    gained = found.test.measured["crossentropy"] - first.test.measured["crossentropy"]
    assert gained > 0
    assert first.test.value == found.test.value
    # Without a word it is finalized as it was, as a study that an earlier version finalized.
    again, found, _ = finalize("sure", f"--folds {FOLDS}")
    assert again.err == ""
    assert found.calibration is None
    _, back, _ = finalize("sure", f"--folds {FOLDS} --calibrate")
    assert back.calibration == first.calibration
    assert len(looks(place.study("sure"))) == 2


def test_a_metric_of_probabilities_is_told_by_the_temperature_of_other_rows(
    place: Place, finalize: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one network, whose few validation rows need not gain by it."""

    def kept(*given: Any) -> Calibration:
        return calibration_of(*given).model_copy(update={"kept": True})

    monkeypatch.setattr(fitting, "calibration_of", kept)
    done, found, _ = finalize("second", "--ensemble 1 --calibrate")
    calibration = found.calibration
    assert calibration is not None
    assert calibration.rows == prepare_data(place.study("second").settings).spec.rows.validation
    assert calibration.kept
    assert calibration.value is not None
    assert calibration.value_before is not None
    assert found.final_validation == calibration.value != calibration.value_before
    assert f"logits divided by {calibration.temperature:.4f}" in [
        what.rpartition(",")[0] for what, _, _ in steps(found)
    ]
    assert "than by the temperature of other rows" in done.words
    shares, y = answers_of(place, "second")
    assert np.mean((shares - y) ** 2) == pytest.approx(found.test.value, rel=1e-4)
    assert found.test.interval is not None


def test_a_regression_has_no_probabilities(tmp_path: Path) -> None:
    place = Place(tmp_path)
    pd.DataFrame({"a": np.arange(90.0), "b": np.arange(90.0) ** 2}).to_csv(tmp_path / "rows.csv", index=False)
    assert (
        place(
            f"run one --data {tmp_path}/rows.csv --target b --space small --no-known --trials 1 --epochs 1"
        ).code
        == 0
    )
    refused = place(f"finalize one --calibrate -o {tmp_path}/m.keras")
    assert refused.code == 2
    assert "--calibrate: study 'one' is a regression, which answers no probabilities" in " ".join(
        refused.err.split()
    )
    assert not (tmp_path / "m.keras").exists()
