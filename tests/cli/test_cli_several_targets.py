"""Several targets by one network: searched, exported, asked, evaluated and concluded; and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from cli_calls import CommandLine
from sklearn import metrics as sk

ROWS = 120
SHORT = ("--epochs", "2", "--workers", "0", "--no-known", "--space", "small")


def table(seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    x, z = random.normal(size=(2, ROWS))
    return pd.DataFrame(
        {
            "x": x,
            "z": z,
            "heat": 20 + 3 * x,
            "cold": 1000 * z,
            "urgent": np.where(x > 0, "yes", "no"),
            "spam": (z > 0.5).astype(int),
        }
    )


@pytest.fixture
def rows(folder: Path) -> str:
    table().to_csv("rows.csv", index=False)
    table(1).to_csv("new.csv", index=False)
    return "rows.csv"


def asked(model: str, new: pd.DataFrame) -> np.ndarray:
    """By plain Keras."""
    opened = keras.saving.load_model(model)
    inputs = {name: tf.constant(new[[name]].to_numpy(), tf.float64) for name in ("x", "z")}
    return np.asarray(opened(inputs))


def test_quantities_go_the_whole_way(perceptuna: CommandLine, rows: str) -> None:
    of = ("--data", rows, "--target", "heat", "--target", "cold", "--drop", "urgent,spam")
    told = perceptuna.done("run", "s", *of, "--trials", "1", *SHORT)
    assert (
        "2 targets are learnt by one network: metrics are means over them, errors in deviations" in told.out
    )
    assert "compared by val_rmse" in told.out
    perceptuna.done("resume", "s", "--trials", "2")
    perceptuna.done("export", "s", "-o", "s.keras")
    assert [one["name"] for one in json.loads(Path("s.json").read_text())["data"]["targets"]] == [
        "heat",
        "cold",
    ]
    perceptuna.done("predict", "s", "new.csv", "-o", "a.csv", "--keep", "x")
    answers, new = pd.read_csv("a.csv"), table(1)
    assert list(answers.columns) == ["x", "prediction_heat", "prediction_cold"]
    np.testing.assert_allclose(asked("s.keras", new), answers.iloc[:, 1:], rtol=1e-5)

    found = json.loads(perceptuna.done("evaluate", "s.keras", "new.csv", "--json").out)
    truth, predicted = new[["heat", "cold"]].to_numpy(), answers.iloc[:, 1:].to_numpy()
    roots = sk.root_mean_squared_error(truth, predicted, multioutput="raw_values")
    for at, name in enumerate(("heat", "cold")):
        assert found["targets"][name]["metrics"]["rmse"]["value"] == pytest.approx(roots[at], rel=1e-4)
    stds = [one["std"] for one in json.loads(Path("s.json").read_text())["data"]["targets"]]
    assert found["metrics"]["rmse"]["value"] == pytest.approx(np.mean(roots / stds), rel=1e-4)
    assert found["metrics"]["r2"]["value"] == pytest.approx(sk.r2_score(truth, predicted), rel=1e-4)
    assert "mean prediction if all rows had this value" in perceptuna.done("show", "s", "--model").out

    for option in (("--calibrate",), ("--threshold", "0.3")):
        assert "is a regression" in perceptuna.refused("export", "s", *option, "-o", "no.keras")
    message = perceptuna.refused("predict", "s", "new.csv", "--interval", "0.9", "-o", "no.csv")
    assert "the model answers 2 quantities, none of which has intervals" in message

    perceptuna.done("report", "s", "-o", "s.html")
    page = Path("s.html").read_text()
    assert (
        "Errors are in each target&#39;s own units" in page or "Errors are in each target's own units" in page
    )
    perceptuna.done("finalize", "s", "-o", "final.keras", "--top", "1", "--seeds", "2", "--folds", "2")
    facts = json.loads(Path("final.json").read_text())
    assert "intervals" not in facts
    assert 0 < facts["conclusion"]["test"]["value"] < 3
    assert asked("final.keras", new).shape == (ROWS, 2)


def test_labels_go_the_whole_way(perceptuna: CommandLine, rows: str) -> None:
    of = ("--data", rows, "--target", "urgent,spam", "--drop", "heat,cold", "--metric", "val_f1")
    perceptuna.done("run", "s", *of, "--trials", "2", *SHORT)
    perceptuna.done("export", "s", "-o", "s.keras")
    perceptuna.done("predict", "s.keras", "new.csv", "-o", "a.csv")
    answers, new = pd.read_csv("a.csv"), table(1)
    assert list(answers.columns) == [
        "prediction_urgent", "prediction_spam", "probability_urgent", "probability_spam",
    ]  # fmt: skip
    probabilities = answers[["probability_urgent", "probability_spam"]].to_numpy()
    np.testing.assert_allclose(asked("s.keras", new), probabilities, atol=1e-5)
    assert (answers["prediction_urgent"] == np.where(probabilities[:, 0] > 0.5, "yes", "no")).all()
    assert (answers["prediction_spam"] == (probabilities[:, 1] > 0.5)).all()

    found = json.loads(perceptuna.done("evaluate", "s", "new.csv", "--json").out)
    truth = np.stack([new["urgent"] == "yes", new["spam"] == 1], axis=1)
    of_all = {name: one["value"] for name, one in found["metrics"].items()}
    assert of_all["accuracy"] == pytest.approx(1 - sk.hamming_loss(truth, probabilities > 0.5))
    assert of_all["auc"] == pytest.approx(sk.roc_auc_score(truth, probabilities, average="macro"))
    assert of_all["f1"] == pytest.approx(sk.f1_score(truth, probabilities > 0.5, average="macro"))
    assert [one["rows"] for one in found["targets"]["spam"]["classes"]] == [*np.bincount(new["spam"])]
    assert "probability" in perceptuna.done("evaluate", "s", "new.csv").out
    _never_seen_labels_are_told(perceptuna)
    message = perceptuna.refused("export", "s", "--calibrate", "-o", "no.keras")
    assert "has several labels, whose probabilities no one number would correct" in message
    message = perceptuna.refused("export", "s", "--threshold", "0.3", "-o", "no.keras")
    assert "has several labels, each of which is answered above a probability of a half" in message
    perceptuna.done("report", "s", "-o", "s.html")
    assert "Those above are means over labels" in Path("s.html").read_text()
    perceptuna.done("finalize", "s", "-o", "final.keras", "--top", "2", "--seeds", "2")
    assert asked("final.keras", new).shape == (ROWS, 2)


def _never_seen_labels_are_told(perceptuna: CommandLine) -> None:
    new = table(1)
    new.loc[:2, "urgent"] = "perhaps"
    new.loc[3:6, "urgent"] = ""
    new.to_csv("seldom.csv", index=False)
    told = " ".join(perceptuna.done("evaluate", "s", "seldom.csv").out.split())
    assert f"on {ROWS - 7} rows" in told
    assert "7 rows without a known value of each target left out" in told
    said = "that training never saw count as wrong, and only in its own accuracy: 'perhaps' (3)"
    assert f"classes of 'urgent' {said}" in told
    new["urgent"] = "perhaps"
    new.to_csv("seldom.csv", index=False)
    message = perceptuna.refused("evaluate", "s", "seldom.csv")
    assert "no row of seldom.csv has a class of 'urgent' that the model knows: no, yes" in message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--target", "heat,urgent"),
            "several targets are all quantities, or all labels of two classes each",
        ),
        (("--target", "heat,warm"), "has no column 'warm'"),
        (
            ("--target", "heat,cold", "--target-transform", "log"),
            "of several targets each is learnt as it is",
        ),
        (
            ("--target", "heat,cold", "--metric", "val_accuracy"),
            "this data is multioutput, so expected one of",
        ),
        (("--target", "urgent,spam", "--metric", "val_mcc"), "this data is multilabel, so expected one of"),
        (("--target", "urgent,spam", "--cost", "fn=10,fp=1"), "costs are of mistakes about two classes"),
        (("--target", "a,b", "--target", "heat"), "expected names without a comma where there are several"),
    ],
)
def test_what_does_not_go_together_is_refused(
    perceptuna: CommandLine, rows: str, options: tuple[str, ...], message: str
) -> None:
    assert message in perceptuna.refused("run", "s", "--data", rows, *options)


def test_a_file_that_lacks_one_of_them_cannot_be_evaluated(perceptuna: CommandLine, rows: str) -> None:
    of = ("--data", rows, "--target", "heat,cold", "--drop", "urgent,spam")
    perceptuna.done("run", "s", *of, "--trials", "1", *SHORT)
    table(1).drop(columns="cold").to_csv("half.csv", index=False)
    assert "has no column 'cold', a target" in perceptuna.refused("evaluate", "s", "half.csv")
    perceptuna.done("predict", "s", "half.csv", "-o", "a.csv")
    partly = table(1)
    partly.loc[:9, "cold"] = np.nan
    partly.to_csv("partly.csv", index=False)
    found = json.loads(perceptuna.done("evaluate", "s", "partly.csv", "--json").out)
    assert (found["rows"], found["rows_without_target"]) == (ROWS - 10, 10)
    assert (found["targets"]["heat"]["rows"], found["targets"]["cold"]["rows"]) == (ROWS, ROWS - 10)


def test_data_show_has_each_of_them(perceptuna: CommandLine, rows: str) -> None:
    told = perceptuna.done("data", "show", rows, "--target", "urgent,spam", "--drop", "heat,cold").out
    assert "multilabel of 'urgent, spam'" in told
    assert "target 'spam'" in told
    found = json.loads(perceptuna.done("data", "show", rows, "--target", "heat,cold", "--json").out)
    assert [one["name"] for one in found["targets"]] == ["heat", "cold"]
