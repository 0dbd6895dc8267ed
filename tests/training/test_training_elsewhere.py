"""In a process of its own: saved models answer without this project, and a seed repeats a training."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pytest
from mixed_table import mixed_table
from one_training import fit

from search.data import (
    DataRequest,
    PreparedData,
    attach_preprocessing,
    preprocessing_model,
    raw_inputs,
    read_source,
)
from search.training.keras_form.ensemble import averaged_model
from search.training.keras_form.model import build_model
from search.training.loop import TrainingResult
from spaces import Hyperparameters

# Weights, order of rows, dropout and augmentation are drawn; a loss and metrics of this project's own are measured.
RANDOM = Hyperparameters(
    width=32, batch_norm=True, input_dropout=0.1, dropout=0.3, augment="shift", label_smoothing=0.1
)
SHARES = (0.75, 0.25)
TABLE = {
    "size in m²": [1_000_001.25, np.nan, 999_999.5, 1e6],
    "price-unit": [3.0, 4.0, np.nan, 1e12],
    "sold": [1.0, np.nan, 0.0, 1.0],
    "kind": ["red", "never seen", "", "two\nlines, in quotes"],
    "built": ["01.02.1990", "", "not a date", "31.12.2029"],
    "seen": ["5/11/2024 10:15 AM", "", "5/11/2024", "1/1/2031 12:00 pm"],
}
_ELSEWHERE = """
import json, sys
from pathlib import Path
import keras, numpy as np, tensorflow as tf

packages = ("search", "spaces", "storage", "optuna")
sys.modules.update(dict.fromkeys(packages))  # importing them fails, as where they are not installed
for folder in Path().glob("*/"):
    model = keras.models.load_model(folder / "model.keras", safe_mode=True)
    inputs = {name: tf.constant(rows) for name, rows in np.load(folder / "rows.npz").items()}
    raw = inputs if len(inputs) > 1 else inputs["rows"]
    called, predicted = np.asarray(model(raw)), model.predict(raw, verbose=0)
    np.savez(folder / "answers.npz", called=called, predicted=predicted)

for package in packages:
    del sys.modules[package]
from search.data import load_prepared
from search.training.loop import train
from spaces import Hyperparameters

one, data = Hyperparameters.model_validate_json(sys.argv[1]), load_prepared(Path(sys.argv[2]))
result = train(one, data, epochs=2, patience=9, metric="val_accuracy", seed=11)
Path("history.json").write_text(json.dumps(result.history))
"""


@dataclass(frozen=True)
class Elsewhere:
    """What was trained here, and the folder in which the other process has left its answers."""

    folder: Path
    digits: TrainingResult
    expected: dict[str, np.ndarray]

    def answers(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Of a model that was called, and that was asked to predict."""
        found = np.load(self.folder / name / "answers.npz")
        return found["called"], found["predicted"]


def saved(folder: Path, model: keras.Model, rows: dict[str, np.ndarray]) -> None:
    folder.mkdir()
    model.save(folder / "model.keras")
    np.savez(folder / "rows.npz", **rows)


def ensemble_with(result: TrainingResult, data: PreparedData) -> tuple[list[keras.Model], keras.Model]:
    """A trained network and one that looks at both sides, each exported; and both of them as one model."""
    untrained = Hyperparameters(depth=1, width=16, batch_norm=True, augment="flip")
    first = build_model(result.hyperparameters, data.spec, name="member_1")
    first.set_weights(result.weights)
    both = [first, build_model(untrained, data.spec, name="member_2")]
    parts = [attach_preprocessing(model, data.spec) for model in both]
    return parts, attach_preprocessing(averaged_model(both, SHARES), data.spec)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    return mixed_table(tmp_path_factory.mktemp("mixed"))[1]


@pytest.fixture(scope="module")
def elsewhere(
    digits: PreparedData,
    binary: PreparedData,
    regression: PreparedData,
    table: PreparedData,
    tmp_path_factory: pytest.TempPathFactory,
) -> Elsewhere:
    folder, expected = tmp_path_factory.mktemp("elsewhere"), {}
    random = fit(digits, seed=11, **RANDOM.model_dump())
    for name, data, result in (
        ("digits", digits, random),
        ("binary", binary, fit(binary, epochs=1, embedding="piecewise")),
        ("regression", regression, fit(regression, epochs=1, l2=1e-4, embedding="periodic")),
    ):
        exported = attach_preprocessing(result.model, data.spec)
        task = "regression" if data.spec.task == "regression" else "classification"
        rows = read_source(DataRequest(data.spec.source, task=task)).x[:20]
        expected[name] = np.asarray(exported(rows))
        saved(folder / name, exported, {"rows": rows})
        if name != "binary":
            parts, model = ensemble_with(result, data)
            expected[f"two of {name}"] = np.tensordot(
                SHARES, [np.asarray(part(rows)) for part in parts], axes=1
            )
            saved(folder / f"two of {name}", model, {"rows": rows})

    keras.utils.set_random_seed(1)
    core = keras.Sequential([keras.Input(table.spec.input_shape), keras.layers.Dense(1)])
    columns = {name: np.array(values)[:, None] for name, values in TABLE.items()}
    saved(folder / "table", attach_preprocessing(core, table.spec), columns)
    by_column = {column.name: TABLE[column.input_name] for column in table.spec.columns}
    features = np.asarray(preprocessing_model(table.spec)(raw_inputs(by_column, table.spec)))
    answers = core.predict(features, verbose=0)
    expected["table"] = answers * table.spec.target_std + table.spec.target_mean

    command = [sys.executable, "-c", _ELSEWHERE, RANDOM.model_dump_json(), str(digits.folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return Elsewhere(folder, random, expected)


@pytest.mark.parametrize("name", ["digits", "binary", "regression"])
def test_trained_models_predict_from_raw_rows_without_this_project(elsewhere: Elsewhere, name: str) -> None:
    """Losses and metrics of this project's own must not be in the file."""
    for answers in elsewhere.answers(name):
        assert np.allclose(answers, elsewhere.expected[name], atol=1e-5)
    if name == "regression":
        assert answers.mean() == pytest.approx(500, rel=0.2)  # in the target's own units


@pytest.mark.parametrize("name", ["digits", "regression"])
def test_networks_averaged_in_one_file_answer_their_mean_in_the_target_s_units(
    elsewhere: Elsewhere, name: str
) -> None:
    expected = elsewhere.expected[f"two of {name}"]
    for answers in elsewhere.answers(f"two of {name}"):
        np.testing.assert_allclose(answers, expected, rtol=1e-6, atol=1e-6)


def test_a_saved_model_predicts_raw_rows_of_a_table_without_this_project(elsewhere: Elsewhere) -> None:
    called, predicted = elsewhere.answers("table")
    assert called.shape == (4, 1)
    assert np.isfinite(called).all()
    np.testing.assert_allclose(called, elsewhere.expected["table"], rtol=1e-5)
    # predict makes float32 of float64, which costs digits of values around a million, and no more.
    np.testing.assert_allclose(predicted[:3], elsewhere.expected["table"][:3], rtol=1e-2)


def test_a_seed_repeats_a_training_in_any_process(elsewhere: Elsewhere, digits: PreparedData) -> None:
    """Weights, order of rows, dropout and augmentation alike: histories are equal to the last bit."""
    first, values = elsewhere.digits.history, RANDOM.model_dump()
    assert fit(digits, seed=11, **values).history == first
    assert fit(digits, seed=12, **values).history != first
    assert json.loads((elsewhere.folder / "history.json").read_text()) == first
