"""predict: what a model answers for new rows."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cli_calls import CommandLine, build_study, contents
from PIL import Image
from saved_models import ROWS, customers, saved_model, write_csv

from search.answering.predicting import predict
from search.data import DataRequest, DataSpec, raw_inputs, read_source
from search.models.saved_model import model_in_file
from storage import StorageURL
from storage.artifacts import add_study_artifact, model_file_name, open_artifacts


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, DataSpec]:
    """A folder with a model of customers, and that model."""
    folder = tmp_path_factory.mktemp("customers")
    rows = write_csv(folder / "training.csv", customers())
    model, spec = saved_model(folder / "model.keras", DataRequest(str(rows), target="left"))
    return folder, model, spec


@pytest.fixture
def training(folder: Path, made: tuple[Path, Any, DataSpec]) -> Path:
    """The training file beside model.keras in the current folder."""
    for name in ("model.keras", "model.json", "training.csv"):
        shutil.copy(made[0] / name, folder)
    return folder / "training.csv"


def test_answers_are_those_of_the_exported_model_on_the_rows_as_run_reads_them(
    perceptuna: CommandLine, training: Path, made: tuple[Path, Any, DataSpec]
) -> None:
    _, model, spec = made
    said = perceptuna.done("predict", "model.keras", "training.csv", "-o", "answers.csv", "--keep", "id")
    assert said.out == "wrote answers.csv: 200 rows\n"
    assert said.err == ""
    raw = read_source(DataRequest("training.csv", target="left"))
    expected = np.asarray(model(raw_inputs(raw.x, spec)))  # type: ignore[arg-type]
    answers = pd.read_csv("answers.csv")
    assert list(answers) == ["id", "prediction", "probability_maybe", "probability_no", "probability_yes"]
    np.testing.assert_allclose(answers.iloc[:, 2:], expected, atol=1e-6)
    assert list(answers["prediction"]) == [("maybe", "no", "yes")[best] for best in expected.argmax(axis=1)]
    assert list(answers["id"]) == customers()["id"]


def test_other_orders_pieces_and_kinds_of_file_change_no_answer(
    perceptuna: CommandLine, training: Path
) -> None:
    perceptuna.done("predict", "model.keras", "training.csv", "-o", "whole.csv", "--keep", "id,debt,id")
    assert list(pd.read_csv("whole.csv"))[:2] == ["id", "debt"]
    perceptuna.done("predict", "model.keras", "training.csv", "-o", "whole.csv", "--keep", "debt", "--force")
    expected = Path("whole.csv").read_bytes()
    shuffled = {name: values for name, values in reversed(customers().items()) if name != "left"}
    write_csv(
        Path("shuffled.csv"), {**shuffled, "more": ["a;b".replace(";", "")] * ROWS}, ",".replace(",", "|")
    )
    perceptuna.done("predict", "model.keras", "shuffled.csv", "-o", "shuffled-answers.csv", "--keep", "debt")
    assert Path("shuffled-answers.csv").read_bytes() == expected
    pd.read_csv(training, sep=";", dtype={"town": str}).to_parquet("rows.parquet", row_group_size=70)
    saved = model_in_file(Path("model.keras"))
    for source, keep in (("training.csv", ["debt"]), ("rows.parquet", [])):
        request = DataRequest(source)
        done = predict(saved, request, Path("pieces.parquet"), keep, threads=1, at_once=37)
        assert (done.rows, done.remarks) == (ROWS, ())
        pieces, whole = pd.read_parquet("pieces.parquet"), pd.read_csv("whole.csv")
        assert list(pieces["prediction"]) == list(whole["prediction"])
        np.testing.assert_allclose(
            pieces.filter(like="probability"), whole.filter(like="probability"), atol=1e-6
        )
        if keep:
            assert list(pieces["debt"]) == customers()["debt"]


def test_dates_that_a_file_has_as_such_are_those_of_the_training_text(
    perceptuna: CommandLine, training: Path
) -> None:
    perceptuna.done("predict", "model.keras", "training.csv", "-o", "text.csv")
    rows = pd.read_csv(training, sep=";")
    since = pd.to_datetime(rows["since"], format="%d.%m.%Y")
    for typed in (since, since.dt.date, since.dt.tz_localize("Europe/Berlin")):
        rows.assign(since=typed).to_parquet("typed.parquet")
        said = perceptuna.done("predict", "model.keras", "typed.parquet", "-o", "typed.csv", "--force")
        assert said.err == ""
        pd.testing.assert_frame_equal(pd.read_csv("typed.csv"), pd.read_csv("text.csv"))


def test_what_training_never_saw_is_counted_and_told(perceptuna: CommandLine, training: Path) -> None:
    rows = customers()
    rows["town"][:3] = ["Mars", "Mars", "Moon"]
    rows["debt"][5:7] = ["much", ""]
    rows["since"][8] = "2019-01-01"
    rows["age"][9] = "n/a"
    rows["age"][10:12] = ["-inf", "9" * 400]
    rows["since"][12] = "31.12.9999"
    rows["debt"][13:15] = ["1e9", "-1e300"]
    write_csv(Path("new.csv"), rows)
    said = perceptuna.done("predict", "model.keras", "new.csv", "-o", "-")
    assert said.err.splitlines() == [
        "perceptuna: 2 of 200 rows have an infinite value of 'age': they count as missing",
        "perceptuna: 3 of 200 rows have a value of 'town' that training never saw: they count as unknown",
        "perceptuna: 1 of 200 rows has a value of 'since' that is no date as DD.MM.YYYY, '2019-01-01' (1): it counts "
        "as missing",
        "perceptuna: 1 of 200 rows has a value of 'since' more than 100 standard deviations from its mean in training: "
        "it counts in full; look whether the unit is that of training",
        "perceptuna: 1 of 200 rows has a value of 'debt' that is no number as 1234.5, 'much' (1): it counts as missing",
        "perceptuna: 2 of 200 rows have a value of 'debt' more than 100 standard deviations from its mean in training: "
        "they count in full; look whether the unit is that of training",
        "perceptuna: 1 of 200 rows has no value of 'debt', which was never missing in training: it gets the median of "
        "training",
    ]
    assert len(pd.read_csv(io.StringIO(said.out))) == ROWS


def test_rows_that_do_not_fit_are_refused_and_nothing_is_written(
    perceptuna: CommandLine, training: Path
) -> None:
    rows = customers()
    write_csv(Path("lacking.csv"), {name: rows[name] for name in ("id", "age", "town", "member", "since")})
    lacking = perceptuna.refused("predict", "model.keras", "lacking.csv", "-o", "a.csv")
    assert (
        "lacking.csv lacks 2 of the 6 columns that the model needs: income, debt; it has id, age" in lacking
    )
    write_csv(Path("dollars.csv"), {**rows, "income": ["$1,234.50"] * ROWS})
    other = perceptuna.refused("predict", "model.keras", "dollars.csv", "-o", "a.csv")
    assert (
        "column 'income' should hold numbers as € 1.234,5, but 200 of 200 values are none: '$1,234.50'"
        in other
    )
    kept = perceptuna.refused("predict", "model.keras", "training.csv", "-o", "a.csv", "--keep", "idd")
    assert "--keep: training.csv has no column 'idd' (did you mean 'id'?)" in kept
    kept = perceptuna.refused("predict", "model.keras", "training.csv", "-o", "a.csv", "--keep", "id,tonw")
    assert "--keep: training.csv has no column 'tonw' (did you mean 'town'?)" in kept
    swapped = perceptuna.refused("predict", "training.csv", "model.keras", "-o", "a.csv")
    assert "training.csv is no model: expected a file of `export` or `finalize`" in swapped
    Path("folder.csv").mkdir()
    assert "folder.csv is a folder; name a file" in perceptuna.refused(
        "predict", "model.keras", "training.csv", "-o", "folder.csv"
    )
    assert "the model takes a table" in perceptuna.refused("predict", "model.keras", "digits", "-o", "a.csv")
    assert ".csv or .parquet" in perceptuna.refused("predict", "model.keras", "training.csv", "-o", "a.xlsx")
    assert "--force" in perceptuna.refused("predict", "model.keras", "training.csv", "-o", "lacking.csv")
    itself = ("predict", "model.keras", "training.csv", "-o", "training.csv", "--force")
    assert "is the file that is read" in perceptuna.refused(*itself)
    assert "there is no model gone.keras" in perceptuna.refused(
        "predict", "gone.keras", "training.csv", "-o", "a.csv"
    )
    facts = Path("model.json").read_text(encoding="utf-8")
    Path("model.json").write_text(
        facts.replace('"input_name": "debt"', '"input_name": "dept"'), encoding="utf-8"
    )
    of_another = perceptuna.refused("predict", "model.keras", "training.csv", "-o", "a.csv")
    assert "one of the two is of another model" in of_another
    Path("model.json").write_text(facts.replace('"task": "multiclass"', '"task": "binary"'), encoding="utf-8")
    of_another = perceptuna.refused("predict", "model.keras", "training.csv", "-o", "a.csv")
    assert "one of the two is of another model" in of_another
    Path("model.json").unlink()
    assert "put it beside the model" in perceptuna.refused(
        "predict", "model.keras", "training.csv", "-o", "a.csv"
    )


def test_an_interruption_leaves_nothing(training: Path, folder: Path) -> None:
    before = contents(folder)

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict(
            model_in_file(Path("model.keras")),
            DataRequest("training.csv"),
            Path("a.parquet"),
            threads=1,
            progress=interrupt,
        )
    assert contents(folder) == before


def test_the_best_model_of_a_study_answers_images_of_a_folder_or_an_archive(
    perceptuna: CommandLine, tmp_path: Path
) -> None:
    url = StorageURL.parse("perceptuna.db")
    model, _ = saved_model(tmp_path / "digits.keras", DataRequest("digits"))
    study = build_study(url, tmp_path / "cache", "images", [0.8, 0.9], trials=2)
    none_kept = perceptuna("predict", "images", "digits", "-o", "a.csv")
    assert (none_kept.code, "`perceptuna export images -o images.keras`" in none_kept.err) == (2, True)
    add_study_artifact(
        study.optuna,
        open_artifacts(study.artifact_folder),
        model_file_name(1),
        (tmp_path / "digits.keras").read_bytes(),
    )
    images = np.asarray(read_source(DataRequest("digits")).x)[:20]
    Path("new").mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image[..., 0]).save(f"new/{number:02d}.png")
    np.savez("rows.npz", images=images)
    expected = np.asarray(model(images))
    for source, first in (("new", ["file"]), ("rows.npz", [])):
        perceptuna.done("predict", "images", source, "-o", f"{source}.csv")
        answers = pd.read_csv(f"{source}.csv")
        assert list(answers)[: len(first) + 1] == [*first, "prediction"]
        np.testing.assert_allclose(answers.filter(like="probability"), expected, atol=1e-6)
    assert pd.read_csv("new.csv")["file"][3] == "03.png"
    Image.new("L", (9, 9)).save("new/20.png")
    assert "not of 8 x 8 pixels" in perceptuna.refused("predict", "images", "new", "-o", "a.csv")


def test_quantities_are_in_the_units_of_the_target(perceptuna: CommandLine, folder: Path) -> None:
    rows = {name: customers()[name] for name in ("age", "town", "debt")}
    write_csv(folder / "rows.csv", rows)
    model, spec = saved_model(folder / "debt.keras", DataRequest("rows.csv", target="debt"))
    perceptuna.done("predict", "debt.keras", "rows.csv", "-o", "answers.csv")
    raw = read_source(DataRequest("rows.csv", target="debt"))
    answers = pd.read_csv("answers.csv")
    assert list(answers) == ["prediction"]
    expected = np.asarray(model(raw_inputs(raw.x, spec)))  # type: ignore[arg-type]
    np.testing.assert_allclose(answers["prediction"], expected[:, 0], rtol=1e-6)
