"""How much rows count: a column of a table that is no feature, kept beside the rows of each side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from refusals import refused

from search.data import DataRequest, describe, fold_of, prepare, read_source, searched_files
from search.data.columns.weights import effective_rows
from search.data.preparing.folds import searched_weights
from search.data.preparing.sealed import open_test_split, open_test_weights

ROWS = 60


def table(folder: Path, weights: object = None, name: str = "rows.csv") -> Path:
    """A row's number is its feature `a` and its target; it counts as its number and one."""
    numbers = np.arange(ROWS)
    frame = pd.DataFrame({"a": numbers, "w": numbers + 1 if weights is None else weights, "y": numbers + 0.5})
    file = folder / name
    frame.to_parquet(file) if name.endswith(".parquet") else frame.to_csv(file, index=False)
    return file


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_each_row_keeps_its_weight_on_its_side_and_weights_are_1_on_average_of_training(
    tmp_path: Path, name: str
) -> None:
    data = prepare(DataRequest(str(table(tmp_path, name=name)), target="y", weight="w"), tmp_path / "cache")
    assert [column.name for column in data.spec.columns] == ["a"]
    sides = (
        (data.training()[1], data.training_weights()),
        (data.validation()[1], data.validation_weights()),
        (open_test_split(data)[1], open_test_weights(data)),
    )
    assert sides[0][1] is not None
    assert sides[0][1].mean() == pytest.approx(1.0, abs=1e-6)
    unit = (sides[0][0] * data.spec.target_std + data.spec.target_mean + 0.5).mean()
    for y, weights in sides:
        assert weights is not None
        assert weights.dtype == np.float32
        of_rows = y * data.spec.target_std + data.spec.target_mean + 0.5
        assert weights * unit == pytest.approx(of_rows, rel=1e-5)
    assert {file.name for file in searched_files(data.folder)} >= {"train_w.npy", "validation_w.npy"}


def test_how_large_they_are_does_not_matter(tmp_path: Path) -> None:
    small, large = (
        prepare(
            DataRequest(str(table(tmp_path, (np.arange(ROWS) % 5) * scale)), target="y", weight="w"), tmp_path
        )
        for scale in (1, 1000)
    )
    assert np.array_equal(small.training_weights(), large.training_weights())  # type: ignore[arg-type]


def test_a_fold_has_the_weights_of_its_rows(tmp_path: Path) -> None:
    data = prepare(DataRequest(str(table(tmp_path)), target="y", weight="w"), tmp_path / "cache")
    fold, both = fold_of(data, 1, 5), searched_weights(data)
    of_fold = searched_weights(fold)
    assert both is not None
    assert of_fold is not None
    assert sorted(both) == sorted(of_fold)
    ys = [np.concatenate([of.training()[1], of.validation()[1]]) for of in (data, fold)]
    assert np.array_equal(both[np.argsort(ys[0])], of_fold[np.argsort(ys[1])])


def test_without_them_nothing_is_written_or_said(tmp_path: Path) -> None:
    request = DataRequest(str(table(tmp_path)), target="y")
    data = prepare(request, tmp_path / "cache")
    assert data.training_weights() is data.validation_weights() is open_test_weights(data) is None
    assert not list(data.folder.glob("*_w.npy"))
    assert "weight" not in data.spec.model_dump_json()
    assert "weight" not in request.asked()


def test_rows_without_a_target_need_none_and_what_weights_come_to_is_told(tmp_path: Path) -> None:
    weights = np.where(np.arange(ROWS) < 10, 9.0, 1.0)
    file = table(tmp_path, weights)
    frame = pd.read_csv(file)
    frame.loc[3, ["w", "y"]] = np.nan
    frame.to_csv(file, index=False)
    raw = read_source(DataRequest(str(file), target="y", weight="w"))
    assert raw.weights is not None
    assert len(raw.weights) == ROWS - 1
    told = "rows count as 'w' says, 1 to 9: they tell as much as 22 rows that count alike"
    assert effective_rows(raw.weights) == pytest.approx(131**2 / (9 * 81 + 50))
    assert told in describe(raw).notes
    assert told in prepare(DataRequest(str(file), target="y", weight="w"), tmp_path / "cache").spec.notes


def test_weights_go_along_with_rows_that_change_places(tmp_path: Path) -> None:
    """Rows of a file of their own come last, those of a rare class and of no time go."""
    numbers = np.arange(ROWS)
    frame = pd.DataFrame(
        {"a": numbers, "w": numbers, "y": np.where(numbers == 7, "c", np.where(numbers % 2, "x", "z"))}
    )
    frame["part"] = np.where(numbers % 5 == 0, "val", np.where(numbers % 7 == 1, "test", "train"))
    frame.to_csv(tmp_path / "rows.csv", index=False)
    request = DataRequest(str(tmp_path / "rows.csv"), target="y", weight="w", split_column="part")
    data = prepare(request, tmp_path / "cache")
    (x, _), weights = data.validation(), data.validation_weights()
    assert weights is not None
    assert np.corrcoef(x[:, 0], weights)[0, 1] == pytest.approx(1.0, abs=1e-5)
    assert "7" not in data.spec.class_names


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (
            np.where(np.arange(ROWS) == 4, -1.0, 1.0),
            "1 of 60 rows hold something else, the first of them '-1.0'",
        ),
        (
            np.where(np.arange(ROWS) < 2, np.nan, 1.0),
            "2 of 60 rows hold something else, the first of them no value",
        ),
        (np.where(np.arange(ROWS) < 2, np.inf, 1.0), "the first of them 'inf'"),
        (["much"] * ROWS, "the first of them 'much'"),
        (["1,000"] + ["1"] * (ROWS - 1), "should hold a number of 0 or more in each row"),
        (np.zeros(ROWS), "holds 0 in all 60 rows, so that none counts"),
        (np.arange(ROWS) == 0, "have 0 in 'w', so none of them counts; split otherwise"),
    ],
)
def test_what_is_no_weight_is_refused(tmp_path: Path, weights: object, expected: str) -> None:
    request = DataRequest(str(table(tmp_path, weights)), target="y", weight="w")
    refused(request, tmp_path, "--weight: ", "'w'", expected)


@pytest.mark.parametrize(
    ("counting", "expected"),
    [
        ("xy", "no training row is of class 'z', of those that count, when rows are split so"),
        ("z", "no training row is of class 'x', 'y', of those that count"),
    ],
)
def test_classes_of_which_no_row_counts_are_refused(tmp_path: Path, counting: str, expected: str) -> None:
    classes = np.array(list("xyz" * (ROWS // 3)))
    frame = pd.DataFrame({"a": np.arange(ROWS), "y": classes, "w": np.isin(classes, list(counting)) * 1.0})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    refused(DataRequest(str(tmp_path / "rows.csv"), target="y", weight="w"), tmp_path, expected)


def test_a_side_whose_rows_that_count_are_of_one_class_is_refused(tmp_path: Path) -> None:
    rows = np.arange(ROWS)
    frame = pd.DataFrame({"a": rows, "y": np.where(rows % 2, "x", "z")})
    frame["part"] = np.where(rows < 40, "train", np.where(rows < 50, "val", "test"))
    frame["w"] = np.where((frame["part"] == "val") & (frame["y"] == "x"), 0, 1)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    request = DataRequest(str(tmp_path / "rows.csv"), target="y", weight="w", split_column="part")
    refused(request, tmp_path, "all 5 validation rows are of class 'z', of those that count,")


def test_names_that_cannot_be_are_refused(tmp_path: Path) -> None:
    file = str(table(tmp_path))
    refused(DataRequest(file, target="y", weight="v"), tmp_path, "--weight: ", "has no column 'v'")
    refused(DataRequest(file, target="y", weight="y"), tmp_path, "--weight: 'y' is the target")
    refused(DataRequest(file, target="y", weight="w", number=("w",)), tmp_path, "says how much rows count")
    refused(DataRequest("digits", weight="w"), tmp_path, "weight 'w' does not apply to digits")


@pytest.mark.parametrize("given", [False, True])
def test_arrays_of_an_npz_file_may_have_weights_beside_them(tmp_path: Path, given: bool) -> None:
    """A row's one feature is its weight; as one array, or as one for each part of the split."""
    weights = np.arange(ROWS).astype(float)
    ends = (
        {"_train": slice(0, 40), "_val": slice(40, 50), "_test": slice(50, ROWS)}
        if given
        else {"": slice(ROWS)}
    )
    arrays = {f"x{end}": weights[of, None] for end, of in ends.items()}
    arrays |= {f"y{end}": np.arange(ROWS)[of] % 2 for end, of in ends.items()}
    arrays |= {f"counts{end}": weights[of] for end, of in ends.items()}
    file = str(tmp_path / "rows.npz")
    np.savez(file, **arrays)  # type: ignore[arg-type]
    plain = prepare(DataRequest(file), tmp_path / "cache")
    assert any("not used: counts" in note for note in plain.spec.notes)
    data = prepare(DataRequest(file, weight="counts"), tmp_path / "cache")
    assert not any("not used" in note for note in data.spec.notes)
    assert np.array_equal(plain.training()[0], data.training()[0])
    for x, of_rows in (
        (data.training()[0], data.training_weights()),
        (data.validation()[0], data.validation_weights()),
        (open_test_split(data)[0], open_test_weights(data)),
    ):
        assert of_rows is not None
        values = x[:, 0] * data.spec.feature_std[0] + data.spec.feature_mean[0]
        assert of_rows * data.spec.feature_mean[0] == pytest.approx(values, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ({}, "holds no w of numbers (rows,) beside its rows and labels"),
        ({"w": np.ones(ROWS - 1)}, "should hold numbers of shape (60,), one for each row of x"),
        ({"w": np.array(["much"] * ROWS)}, "should hold numbers of shape (60,), one for each row of x"),
        ({"w": np.where(np.arange(ROWS) == 4, -2.0, 1.0)}, "the first of them -2.0"),
        ({"w": np.zeros(ROWS)}, "holds 0 in all 60 rows"),
        (
            {"w": np.ones(ROWS), "x_test": np.ones((9, 1)), "y_test": np.arange(9) % 2},
            "holds no w_test of numbers",
        ),
    ],
)
def test_arrays_that_are_no_weights_are_refused(
    tmp_path: Path, arrays: dict[str, np.ndarray], expected: str
) -> None:
    np.savez(tmp_path / "rows.npz", x=np.ones((ROWS, 1)), y=np.arange(ROWS) % 2, **arrays)  # type: ignore[arg-type]
    refused(DataRequest(str(tmp_path / "rows.npz"), weight="w"), tmp_path, "--weight: ", expected)


def test_a_label_is_no_weight(tmp_path: Path) -> None:
    np.savez(tmp_path / "rows.npz", x=np.ones((ROWS, 1)), y=np.arange(ROWS) % 2)
    refused(
        DataRequest(str(tmp_path / "rows.npz"), weight="y"), tmp_path, "--weight: ", "holds no y of numbers"
    )
