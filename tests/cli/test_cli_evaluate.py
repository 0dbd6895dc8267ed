"""evaluate: what a model's answers are worth, against scikit-learn's formulas."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cli_calls import CommandLine, build_study
from saved_models import customers, saved_model, write_csv
from sklearn import metrics

from search.answering.evaluating import evaluate
from search.answering.labels import MISSING, UNSEEN, Classes
from search.data import DataRequest, DataSpec
from search.models.saved_model import model_in_file
from search.study.record_of_looks import looks
from storage import StorageURL
from storage.artifacts import add_study_artifact, model_file_name, open_artifacts


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models of customers: of three classes, of two, and of a quantity; and new rows."""
    folder = tmp_path_factory.mktemp("customers")
    rows = str(write_csv(folder / "training.csv", customers()))
    for target in ("left", "member", "debt"):
        saved_model(folder / f"{target}.keras", DataRequest(rows, target=target))
    write_csv(folder / "new.csv", customers(300, seed=1))
    return folder


def evaluated(
    perceptuna: CommandLine, made: Path, target: str, rows: Path
) -> tuple[dict[str, Any], pd.DataFrame]:
    """What evaluate says as JSON, and what predict says of the same rows."""
    model = made / f"{target}.keras"
    said = perceptuna.done("evaluate", model, rows, "--json")
    perceptuna.done("predict", model, rows, "-o", "answers.csv", "--force")
    return json.loads(said.out), pd.read_csv("answers.csv", keep_default_na=False)


def test_metrics_of_classes_are_those_of_scikit_learn(perceptuna: CommandLine, made: Path) -> None:
    for target in ("left", "member"):
        found, answers = evaluated(perceptuna, made, target, made / "new.csv")
        truth = customers(300, seed=1)[target]
        names = [name.removeprefix("probability_") for name in answers.columns[1:]]
        predicted, probabilities = (
            answers["prediction"].astype(str).str.lower(),
            answers.iloc[:, 1:].to_numpy(float),
        )
        average = "binary" if target == "member" else "macro"
        of_true = {"average": average, **({"pos_label": "true"} if target == "member" else {})}
        expected = {
            "accuracy": metrics.accuracy_score(truth, predicted),
            "crossentropy": metrics.log_loss(truth, probabilities / probabilities.sum(axis=1, keepdims=True)),
            "f1": metrics.f1_score(truth, predicted, **of_true),
            "balanced_accuracy": metrics.balanced_accuracy_score(truth, predicted),
        }
        if target == "member":
            positive, scores = np.array(truth) == "true", probabilities[:, 1]
            expected |= {
                "auc": metrics.roc_auc_score(positive, scores),
                "average_precision": metrics.average_precision_score(positive, scores),
                "precision": metrics.precision_score(truth, predicted, **of_true),
                "recall": metrics.recall_score(truth, predicted, **of_true),
                "mcc": metrics.matthews_corrcoef(truth, predicted),
                "brier": metrics.brier_score_loss(positive, scores),
            }
        else:
            shares = probabilities / probabilities.sum(axis=1, keepdims=True)
            expected["auc"] = metrics.roc_auc_score(truth, shares, multi_class="ovr")
        assert {name: one["value"] for name, one in found["metrics"].items()} == pytest.approx(
            expected, abs=1e-6
        )
        assert all(low < expected[name] < high for name, (low, high) in intervals(found).items())
        assert found["confusion"] == metrics.confusion_matrix(truth, predicted).tolist()
        precision, recall, _, counts = metrics.precision_recall_fscore_support(
            truth, predicted, labels=names, zero_division=np.nan
        )
        assert [one["rows"] for one in found["classes"]] == counts.tolist()
        assert [one["recall"] for one in found["classes"]] == pytest.approx(recall.tolist())
        told = [np.nan if one["precision"] is None else one["precision"] for one in found["classes"]]
        assert told == pytest.approx(precision.tolist(), nan_ok=True)
    assert found["drift"] == []


def intervals(found: dict[str, Any]) -> dict[str, list[float]]:
    """Of those that have one."""
    return {name: one["interval"] for name, one in found["metrics"].items() if one["interval"]}


def test_metrics_of_quantities_are_those_of_scikit_learn(perceptuna: CommandLine, made: Path) -> None:
    rows = customers(300, seed=1)
    rows["debt"][4] = ""
    truth = np.delete(np.array(rows["debt"], dtype=object), 4).astype(float)
    # Of all rows of the file: in one of them alone 1,5 could be anything.
    written = {**rows, "debt": [f"€ {value.replace('.', ',')}" if value else "" for value in rows["debt"]]}
    found, answers = evaluated(perceptuna, made, "debt", write_csv(Path("new.csv"), written))
    answered = np.delete(answers["prediction"].to_numpy(float), 4)
    expected = {
        "rmse": metrics.root_mean_squared_error(truth, answered),
        "mae": metrics.mean_absolute_error(truth, answered),
        "r2": metrics.r2_score(truth, answered),
        "median_error": metrics.median_absolute_error(truth, answered),
        "mape": metrics.mean_absolute_percentage_error(truth, answered),
    }
    assert {name: one["value"] for name, one in found["metrics"].items()} == pytest.approx(expected, abs=1e-6)
    assert all(low < expected[name] < high for name, (low, high) in intervals(found).items())
    assert (found["rows"], found["rows_without_target"]) == (299, 1)
    errors = answered - truth
    expected = {"mean": errors.mean(), "median": np.median(errors), "deviation": errors.std(ddof=1)}
    assert found["residuals"] == pytest.approx(expected)
    pieces = evaluate(model_in_file(made / "debt.keras"), DataRequest("new.csv"), threads=1, at_once=7)
    assert pieces.to_json()["metrics"] == {
        name: {
            "value": pytest.approx(one["value"]),
            "interval": one["interval"] and pytest.approx(one["interval"]),
        }
        for name, one in found["metrics"].items()
    }


def test_a_class_that_training_never_saw_is_told_and_wrong(perceptuna: CommandLine, made: Path) -> None:
    rows = customers(100, seed=2)
    rows["left"][:10] = ["perhaps"] * 8 + ["", "never"]
    rows["town"][:30] = ["Mars"] * 30
    rows["debt"] = [str(float(value) + 20) for value in rows["debt"]]
    write_csv(Path("new.csv"), rows)
    found, answers = evaluated(perceptuna, made, "left", Path("new.csv"))
    right = np.array(rows["left"]) == answers["prediction"].astype(str)
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(right.sum() / 99)
    assert found["never_seen"] == {"perhaps": 8, "never": 1}
    assert (found["rows"], found["rows_without_target"]) == (99, 1)
    assert [(one["column"], one["what"]) for one in found["drift"]] == [
        ("debt", "mean"),
        ("town", "never seen"),
    ]
    assert found["drift"][1]["size"] == 0.3
    shown = perceptuna.done("evaluate", made / "left.keras", "new.csv")
    assert (
        "classes that training never saw count as wrong, and only in the accuracy: 'perhaps' (8), 'never' (1)"
        in (shown.out)
    )
    assert "30.0% of the rows with a value that training never saw" in shown.out
    assert "30 of 100 rows have a value of 'town' that training never saw" in shown.err


def test_rows_without_the_target_are_refused_and_those_of_the_training_told(
    perceptuna: CommandLine, made: Path
) -> None:
    rows = customers()
    del rows["left"]
    write_csv(Path("new.csv"), rows)
    message = perceptuna.refused("evaluate", made / "left.keras", "new.csv")
    assert "new.csv has no column 'left', the target" in message
    assert (
        "searched and trained on"
        in perceptuna.done("evaluate", made / "left.keras", made / "training.csv").err
    )


def test_targets_that_tell_nothing(perceptuna: CommandLine, made: Path) -> None:
    """None at all; text among numbers; all of them one number, of which the mean is another by rounding."""
    rows = customers(100, seed=3)
    write_csv(Path("new.csv"), {**rows, "left": [""] * 100})
    message = perceptuna.refused("evaluate", made / "left.keras", "new.csv")
    assert "no row of new.csv has a class of 'left', that answers could be compared with" in message
    write_csv(Path("new.csv"), {**rows, "debt": ["much", *rows["debt"][1:]]})
    message = perceptuna.refused("evaluate", made / "debt.keras", "new.csv")
    assert "holds 'much' (1), the first in row 1; correct them, or leave these fields empty" in message
    assert "--task" not in message
    write_csv(Path("new.csv"), {**rows, "debt": ["0.1"] * 100})
    found, _ = evaluated(perceptuna, made, "debt", Path("new.csv"))
    assert found["metrics"]["r2"] == {"value": 0.0, "interval": None}


def test_a_studys_own_test_file_is_looked_at_as_by_finalize_and_the_look_counts(
    perceptuna: CommandLine, folder: Path, tmp_path: Path
) -> None:
    for name, seed in (("training", 0), ("test", 5), ("new", 6)):
        write_csv(folder / f"{name}.csv", customers(100, seed))
    own = {"target": "left", "test": "test.csv"}
    saved_model(tmp_path / "m.keras", DataRequest("training.csv", **own))
    url = StorageURL.parse("perceptuna.db")
    study = build_study(
        url, tmp_path / "cache", "own", [0.5], data="training.csv", metric="val_accuracy", trials=1, **own
    )
    artifacts = open_artifacts(study.artifact_folder)
    add_study_artifact(study.optuna, artifacts, model_file_name(0), (tmp_path / "m.keras").read_bytes())
    shutil.copy("test.csv", "copy.csv")
    for rows in ("test.csv", "copy.csv"):  # the same model: one look
        said = perceptuna.done("evaluate", "own", rows, "--json")
        assert "these are the test rows of study 'own'" in said.err
        assert "they have been looked at once" in said.err
        (look,) = looks(study)
        assert look.value == json.loads(said.out)["metrics"]["accuracy"]["value"]
    for rows, told in (("new.csv", ""), ("training.csv", "searched and trained on")):
        assert told in (err := perceptuna.done("evaluate", "own", rows).err)
        assert "test rows" not in err
    assert len(looks(study)) == 1


@pytest.mark.parametrize(
    ("names", "labels", "numbers"),
    [
        (("1", "2"), [1.0, 2.0, np.nan, 3.0], [0, 1, MISSING, UNSEEN]),
        (("1", "2"), ["1.0", " 2", "NA", "01"], [0, 1, MISSING, UNSEEN]),
        (("01", "1"), ["01", "1", "1.0", ""], [0, 1, UNSEEN, MISSING]),
        (("False", "True"), np.array([True, False]), [1, 0]),
    ],
)
def test_labels_are_the_classes_that_training_made_of_them(
    names: tuple[str, ...], labels: Any, numbers: list[int]
) -> None:
    spec = DataSpec.model_construct(class_names=names)
    assert Classes(spec).numbers(labels).tolist() == numbers
