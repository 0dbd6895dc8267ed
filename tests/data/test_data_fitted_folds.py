"""Folds that a search judges by: nothing of one is fitted on the rows that judge it, and groups stay whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from search.data import (
    CategoryColumn,
    DataRequest,
    NumberColumn,
    PreparedData,
    fitted_fold,
    prepare,
    prepare_folds,
)
from search.errors import DataError

ROWS, FOLDS = 80, 4


def table(target: str = "quantity") -> pd.DataFrame:
    """Each row tells itself apart by `row`; one category of `letter` is in one row alone."""
    random = np.random.default_rng(0)
    row = np.arange(ROWS)
    return pd.DataFrame(
        {
            "row": row + 0.25,
            "letter": [*random.choice(["a", "b"], ROWS - 1), "alone"],
            "house": row // 5,
            "target": row**1.5 + 0.5 if target == "quantity" else np.where(row % 3 == 0, "rare", "usual"),
        }
    )


def folds_of(folder: Path, rows: pd.DataFrame, **options: str) -> tuple[PreparedData, list[PreparedData]]:
    rows.to_csv(folder / "rows.csv", index=False)
    request = DataRequest(str(folder / "rows.csv"), target="target", **options)  # type: ignore[arg-type]
    data = prepare(request, folder / "cache")
    prepare_folds(request, data, FOLDS)
    return data, [fitted_fold(data, number, FOLDS) for number in range(FOLDS)]


def number_column(fold: PreparedData, name: str = "row") -> NumberColumn:
    (column,) = (one for one in fold.spec.columns if one.name == name)
    assert isinstance(column, NumberColumn)
    return column


def rows_in(fold: PreparedData, x: np.ndarray) -> np.ndarray:
    """Which rows of the table these are."""
    column = number_column(fold)
    return np.round(np.asarray(x)[:, 0] * column.std + column.mean - 0.25).astype(int)


def test_each_searched_row_judges_once_and_the_others_of_them_train(tmp_path: Path) -> None:
    data, folds = folds_of(tmp_path, table())
    searched = {*rows_in(data, data.training()[0]), *rows_in(data, data.validation()[0])}
    judged = np.concatenate([rows_in(fold, fold.validation()[0]) for fold in folds])
    assert len(judged) == len(searched) == data.spec.rows.train + data.spec.rows.validation
    assert set(judged) == searched
    for fold in folds:
        trains, judges = rows_in(fold, fold.training()[0]), rows_in(fold, fold.validation()[0])
        assert {*trains, *judges} == searched
        assert not {*trains} & {*judges}
        assert (fold.spec.rows.train, fold.spec.rows.validation) == (len(trains), len(judges))


def test_means_target_and_categories_are_of_the_training_rows_of_the_fold_alone(tmp_path: Path) -> None:
    rows = table()
    _, folds = folds_of(tmp_path, rows)
    for fold in folds:
        trains = rows.iloc[rows_in(fold, fold.training()[0])]
        assert number_column(fold).mean == pytest.approx(trains["row"].mean())
        assert number_column(fold).std == pytest.approx(trains["row"].std(ddof=0))
        assert fold.spec.target_mean == pytest.approx(trains["target"].mean())
        (letter,) = (one for one in fold.spec.columns if isinstance(one, CategoryColumn))
        assert set(letter.values) == set(trains["letter"])


def test_what_is_fitted_does_not_change_with_the_rows_that_judge(tmp_path: Path) -> None:
    rows = table()
    _, folds = folds_of(tmp_path, rows)
    judges = rows_in(folds[1], folds[1].validation()[0])
    rows.loc[judges, "target"] *= 1000.0
    other = tmp_path / "other"
    other.mkdir()
    _, changed = folds_of(other, rows)
    assert changed[1].spec.columns == folds[1].spec.columns
    assert changed[1].spec.target_mean == folds[1].spec.target_mean
    assert changed[0].spec.target_mean != folds[0].spec.target_mean


def test_no_group_is_on_two_sides_of_a_fold(tmp_path: Path) -> None:
    rows = table()
    data, folds = folds_of(tmp_path, rows, group="house")
    sealed = set(range(ROWS)) - {*rows_in(data, data.training()[0]), *rows_in(data, data.validation()[0])}
    for fold in folds:
        sides = [rows_in(fold, fold.training()[0]), rows_in(fold, fold.validation()[0]), [*sealed]]
        houses = [set(rows["house"].iloc[side]) for side in sides]
        assert not houses[0] & houses[1]
        assert not (houses[0] | houses[1]) & houses[2]
        assert houses[1]


def test_classes_are_spread_evenly(tmp_path: Path) -> None:
    _, folds = folds_of(tmp_path, table("class"))
    counts = np.array([np.bincount(fold.validation()[1], minlength=2) for fold in folds])
    assert (np.ptp(counts, axis=0) <= 1).all()


@pytest.mark.parametrize(
    ("changes", "options", "said"),
    [
        ({"target": ["x", "x", "x", *["y"] * (ROWS - 3)]}, {}, "class 'x' has 2 of them, fewer than one for each"),
        ({"house": [row // 20 for row in range(ROWS)]}, {"group": "house"}, "they are of "),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_cut_are_refused_and_nothing_is_written(
    tmp_path: Path, changes: dict[str, list[object]], options: dict[str, str], said: str
) -> None:
    with pytest.raises(DataError, match=f"--folds: the rows cannot be cut into 4: {said}"):
        folds_of(tmp_path, table().assign(**changes), **options)
    assert not [*(tmp_path / "cache").glob("*/fitted*")]


def test_a_fold_whose_files_are_gone_is_written_again(tmp_path: Path) -> None:
    data, folds = folds_of(tmp_path, table())
    before = np.array(folds[2].training()[0])
    (folds[2].folder / "train_x.npy").unlink()
    with pytest.raises(DataError):
        fitted_fold(data, 2, FOLDS)
    prepare_folds(DataRequest(str(tmp_path / "rows.csv"), target="target"), data, FOLDS)
    assert np.array_equal(fitted_fold(data, 2, FOLDS).training()[0], before)
