"""Folds of prepared data: which rows judge, and that all of them are the study's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from search.data import DataRequest, PreparedData, fold_of, prepare, why_no_folds
from search.data.preparing.folds import parts_of

ROWS, FOLDS = 60, 4


def prepared(tmp_path: Path, target: list[object]) -> PreparedData:
    numbers = np.random.default_rng(0).normal(size=len(target))
    pd.DataFrame({"number": numbers, "target": target}).to_csv(tmp_path / "rows.csv", index=False)
    return prepare(DataRequest(str(tmp_path / "rows.csv"), target="target"), tmp_path / "cache")


def test_each_row_judges_once_and_the_others_train(tmp_path: Path) -> None:
    data = prepared(tmp_path, [float(row) for row in range(ROWS)])
    known = np.concatenate([data.training()[0], data.validation()[0]])
    folds = [fold_of(data, number, FOLDS) for number in range(FOLDS)]
    judged = np.concatenate([fold.validation()[0] for fold in folds])
    assert sorted(judged.ravel()) == sorted(known.ravel())
    for fold in folds:
        both = np.concatenate([fold.training()[0], fold.validation()[0]])
        assert sorted(both.ravel()) == sorted(known.ravel())
        assert fold.spec.rows.train == len(fold.training()[1])


def test_a_row_keeps_its_target_and_the_preparation_is_the_studys(tmp_path: Path) -> None:
    data = prepared(tmp_path, [float(row) for row in range(ROWS)])
    fold = fold_of(data, 1, FOLDS)
    parts = (data.training(), data.validation())
    of = {float(x[0]): float(y) for part in parts for x, y in zip(*part, strict=True)}
    assert all(of[float(x[0])] == y for x, y in zip(*fold.validation(), strict=True))
    assert fold.spec == data.spec.model_copy(update={"rows": fold.spec.rows})


def test_it_is_written_once(tmp_path: Path) -> None:
    data = prepared(tmp_path, [float(row) for row in range(ROWS)])
    first = fold_of(data, 0, FOLDS)
    written = (first.folder / "train_x.npy").stat().st_mtime_ns
    assert (fold_of(data, 0, FOLDS).folder / "train_x.npy").stat().st_mtime_ns == written
    assert first.folder.parent == data.folder


def test_classes_are_spread_evenly(tmp_path: Path) -> None:
    data = prepared(tmp_path, ["rare" if row % 6 == 0 else "usual" for row in range(ROWS)])
    y = np.concatenate([data.training()[1], data.validation()[1]])
    parts = parts_of(y, data.spec, FOLDS)
    for name in range(2):
        counts = np.bincount(parts[y == name], minlength=FOLDS)
        assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize(
    ("folds", "why"), [(4, None), (20, "class 'rare' has 8 of these rows, fewer than one for each")]
)
def test_rows_that_cannot_be_cut_are_told(tmp_path: Path, folds: int, why: str | None) -> None:
    data = prepared(tmp_path, ["rare" if row % 6 == 0 else "usual" for row in range(ROWS)])
    assert why_no_folds(data, folds) == why


def of_customers(tmp_path: Path, customers: int, target: list[object], version: str = "") -> PreparedData:
    """Rows of customers, whose ids are in the first feature too."""
    numbers = np.arange(len(target)) % customers
    rows = pd.DataFrame({"number": numbers.astype(float), "customer": numbers, "target": target})
    rows.to_csv(tmp_path / "rows.csv", index=False)
    request = DataRequest(str(tmp_path / "rows.csv"), target="target", group="customer")
    return prepare(request, tmp_path / f"cache{version}")


def test_no_group_is_on_two_sides_of_a_fold(tmp_path: Path) -> None:
    data = of_customers(tmp_path, 30, ["yes" if row % 4 == 0 else "no" for row in range(400)])
    assert why_no_folds(data, FOLDS) is None
    judged = []
    for number in range(FOLDS):
        fold = fold_of(data, number, FOLDS)
        (x, y), (judges, labels) = fold.training(), fold.validation()
        assert not set(x[:, 0]) & set(judges[:, 0])
        assert set(y) == set(labels) == {0, 1}
        judged.append(judges[:, 0])
    whole = np.concatenate([data.training()[0], data.validation()[0]])[:, 0]
    assert sorted(np.concatenate(judged)) == sorted(whole)


def test_groups_that_make_no_folds_are_told(tmp_path: Path) -> None:
    data = of_customers(tmp_path, 30, [float(row) for row in range(400)])
    searched = len(np.unique(np.concatenate([data.training()[0], data.validation()[0]])[:, 0]))
    assert why_no_folds(data, 29) == f"they are of {searched} groups"
    # All rows of a class are of few customers.
    rare = of_customers(tmp_path, 30, ["yes" if row % 30 < 8 else "no" for row in range(400)], "2")
    assert (why_no_folds(rare, 10) or "").startswith("the groups of class 'yes' are in ")


def test_without_the_groups_of_an_earlier_version_the_rows_stay_where_they_are(tmp_path: Path) -> None:
    data = of_customers(tmp_path, 30, [float(row) for row in range(400)])
    (data.folder / "validation_g.npy").unlink()
    assert why_no_folds(data, FOLDS) == "the rows were split as you said, and stay where they are"


def test_a_test_file_of_its_own_leaves_the_other_rows_to_be_cut(tmp_path: Path) -> None:
    prepared(tmp_path, [float(row) for row in range(ROWS)])
    others = pd.DataFrame({"number": [0.5, 1.5, 2.5], "target": [1.0, 2.0, 3.0]})
    others.to_csv(tmp_path / "others.csv", index=False)
    request = DataRequest(str(tmp_path / "rows.csv"), target="target", test=str(tmp_path / "others.csv"))
    assert why_no_folds(prepare(request, tmp_path / "cache"), FOLDS) is None
