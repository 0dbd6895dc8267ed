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
