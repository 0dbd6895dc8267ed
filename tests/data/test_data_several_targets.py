"""Several targets of a source: read, split, fitted on training rows alone; what does not go together is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from search.data import DataRequest, PreparedData, describe, fitted_fold, prepare, prepare_folds, read_source
from search.data.preparing.label_split import sides_of_labels, why_no_label_folds
from search.data.preparing.sealed import open_test_split
from search.data.preparing.spec import DataSpec
from search.data.preparing.splitting import split_of
from search.errors import DataError

ROWS = 200


def table() -> pd.DataFrame:
    random = np.random.default_rng(0)
    size = random.normal(size=ROWS)
    return pd.DataFrame(
        {
            "size": size,
            "kind": random.choice(["a", "b", "c"], ROWS),
            "price": 1000 * size + 5000,
            "weight": size**2,
            "sold": np.where(size > 0, "yes", "no"),
            "rare": (np.arange(ROWS) % 25 == 0).astype(int),
            "whole": True,
        }
    ).assign(whole=size < 1)


def asked(folder: Path, target: str, rows: pd.DataFrame | None = None, **options: object) -> DataRequest:
    rows = table() if rows is None else rows
    file = folder / "rows.parquet" if options.pop("parquet", False) else folder / "rows.csv"
    rows.to_parquet(file) if file.suffix == ".parquet" else rows.to_csv(file, index=False)
    return DataRequest(str(file), target=target, **options)  # type: ignore[arg-type]


def prepared(folder: Path, target: str, rows: pd.DataFrame | None = None, **options: object) -> PreparedData:
    return prepare(asked(folder, target, rows, **options), folder / "cache")


@pytest.mark.parametrize("parquet", [False, True])
def test_quantities_are_standardised_each_for_itself_by_the_training_rows(
    tmp_path: Path, parquet: bool
) -> None:
    data = prepared(tmp_path, "price, weight", parquet=parquet)
    _, y = data.training()
    assert data.spec.task == "multioutput"
    assert (y.shape, y.dtype) == ((140, 2), np.float32)
    np.testing.assert_allclose(np.mean(y, axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(np.std(y, axis=0), 1, atol=1e-6)
    assert [one.name for one in data.spec.targets] == ["price", "weight"]
    assert {column.name for column in data.spec.columns}.isdisjoint({"price", "weight"})
    all_rows = np.concatenate([y, data.validation()[1], open_test_split(data)[1]])
    np.testing.assert_allclose(
        np.sort(data.spec.in_units(all_rows.astype(float)), axis=0),
        np.sort(table()[["price", "weight"]].to_numpy(), axis=0),
        rtol=1e-4,
        atol=1e-4,
    )
    assert DataSpec.model_validate_json(data.spec.model_dump_json()) == data.spec


def test_nothing_of_validation_and_test_rows_is_in_what_is_fitted(tmp_path: Path) -> None:
    rows = table()
    before = prepared(tmp_path, "price,weight", rows)
    split = split_of(read_source(asked(tmp_path, "price,weight", rows)))
    others = np.concatenate([split.validation, split.test])
    rows.loc[others, ["price", "weight"]] *= 1000
    after = prepared(tmp_path, "price,weight", rows)
    assert after.spec.targets == before.spec.targets
    assert np.array_equal(after.training()[1], before.training()[1])
    assert not np.allclose(after.validation()[1], before.validation()[1])


@pytest.mark.parametrize("parquet", [False, True])
def test_labels_of_two_classes_are_zeros_and_ones_and_a_rare_one_is_on_every_side(
    tmp_path: Path, parquet: bool
) -> None:
    data = prepared(tmp_path, "sold,rare,whole", parquet=parquet)
    assert data.spec.task == "multilabel"
    assert [one.class_names for one in data.spec.targets] == [("no", "yes"), ("0", "1"), ("False", "True")]
    assert data.spec.targets[1].class_counts == (192, 8)
    parts = [data.training()[1], data.validation()[1], open_test_split(data)[1]]
    assert parts[0].dtype == np.int32
    assert [int(y[:, 1].sum()) for y in parts] == [6, 1, 1]
    total = np.sum([y.sum(axis=0) for y in parts], axis=0)
    assert total.tolist() == [
        int((table()["sold"] == "yes").sum()),
        8,
        int(table()["whole"].sum()),
    ]


@pytest.mark.parametrize("shares", [(0.7, 0.15, 0.15), (0.5, 0.5), (0.2,) * 5, (0.1,) * 10])
def test_each_side_has_both_classes_of_each_label_that_has_rows_enough(shares: tuple[float, ...]) -> None:
    for seed in range(40):
        random = np.random.default_rng(seed)
        rows, labels = int(random.integers(30, 300)), int(random.integers(1, 8))
        y = (random.random((rows, labels)) < random.beta(0.3, 1, labels)).astype(np.int32)
        # Labels that go together, too: one that few rows of another have.
        y[:, 0] &= y[:, -1]
        sides = sides_of_labels(y, shares, np.random.default_rng(seed))
        sizes = np.bincount(sides, minlength=len(shares))
        assert (np.abs(sizes - np.array(shares) * rows) <= 1).all()
        ones = np.array([y[sides == side].sum(axis=0) for side in range(len(shares))])
        enough = np.minimum(y.sum(axis=0), rows - y.sum(axis=0)) >= len(shares)
        assert ((ones > 0) & (ones < sizes[:, None]))[:, enough].all(), seed
        again = sides_of_labels(y, shares, np.random.default_rng(seed))
        assert np.array_equal(sides, again)


def test_labels_are_as_even_over_folds_as_rows_allow() -> None:
    y = (np.random.default_rng(0).random((300, 6)) < [0.5, 0.3, 0.1, 0.02, 0.05, 0.9]).astype(int)
    parts = sides_of_labels(y, (0.2,) * 5, np.random.default_rng(0))
    ones = np.array([y[parts == part].sum(axis=0) for part in range(5)])
    assert np.ptp(ones, axis=0).max() <= 2


def test_labels_that_are_in_each_others_way_are_told() -> None:
    """Of three rows that pairs of labels share, two are in one of two folds: a label is in that one alone."""
    y = np.zeros((20, 3), dtype=int)
    y[0, [0, 2]] = y[1, [0, 1]] = y[2, [1, 2]] = 1
    parts = sides_of_labels(y, (0.5, 0.5), np.random.default_rng(0))
    told = why_no_label_folds(y, parts, ["a", "b", "c"], 2)
    assert told is not None
    assert told.endswith("is the same in all rows of 1 of them, however they are cut")
    assert why_no_label_folds(y, parts, ["a", "b", "c"], 3) == (
        "label 'a' differs in 2 of these rows alone, fewer than one for each"
    )


def test_labels_of_whole_groups_are_spread_over_the_folds(tmp_path: Path) -> None:
    rows = table().assign(house=np.arange(ROWS) // 4, rare=(np.arange(ROWS) // 4 % 10 == 0).astype(int))
    request = asked(tmp_path, "rare,sold", rows, group="house")
    data = prepare(request, tmp_path / "cache")
    parts = [data.training()[1], data.validation()[1], open_test_split(data)[1]]
    assert all(0 < y[:, 0].sum() < len(y) for y in parts)
    prepare_folds(request, data, 4)
    assert all(0 < fitted_fold(data, number, 4).validation()[1][:, 0].sum() < 20 for number in range(4))


@pytest.mark.parametrize("target", ["price,weight", "sold,rare"])
@pytest.mark.parametrize("group", [None, "house"])
def test_folds_are_cut_and_each_is_fitted_by_itself(tmp_path: Path, target: str, group: str | None) -> None:
    rows = table().assign(house=np.arange(ROWS) // 2)
    request = asked(tmp_path, target, rows, group=group)
    data = prepare(request, tmp_path / "cache")
    prepare_folds(request, data, 4)
    folds = [fitted_fold(data, number, 4) for number in range(4)]
    judged = sum(fold.spec.rows.validation for fold in folds)
    assert judged == data.spec.rows.train + data.spec.rows.validation
    for fold in folds:
        y = fold.training()[1]
        if target == "price,weight":
            np.testing.assert_allclose(np.mean(y, axis=0), 0, atol=1e-6)
            assert fold.spec.targets != data.spec.targets
        else:
            assert 0 < fold.validation()[1][:, 1].sum() < 4


def test_rows_that_lack_one_of_them_are_left_out_with_a_note(tmp_path: Path) -> None:
    rows = table()
    rows.loc[[1, 2, 3], "price"] = np.nan
    rows.loc[[3, 4], "weight"] = np.nan
    data = prepared(tmp_path, "price,weight", rows)
    assert sum(data.spec.rows.model_dump().values()) == ROWS - 4
    told = "; ".join(data.spec.notes)
    assert "3 rows are left out: they have no value in the target 'price'" in told
    assert "2 rows are left out: they have no value in the target 'weight'" in told


def test_a_column_whose_name_holds_a_comma_is_one_target(tmp_path: Path) -> None:
    data = prepared(tmp_path, "price,weight", table().rename(columns={"price": "price,weight"}))
    assert (data.spec.task, data.spec.targets, data.spec.target) == ("regression", (), "price,weight")


def test_a_study_of_one_target_is_described_as_it_always_was(tmp_path: Path) -> None:
    assert "targets" not in json.loads(prepared(tmp_path, "price").spec.model_dump_json())
    assert "targets" not in describe(read_source(asked(tmp_path, "price"))).to_json()


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        ("price,sold", {}, "'price' is a quantity, 'sold' has 2 classes; several targets are all quantities, or"),
        ("price,rare", {}, "where all are quantities, say --task regression"),
        ("sold,kind", {}, "'kind' has 3 classes"),
        ("price,price", {}, "names column 'price' twice"),
        ("price,wait", {}, "has no column 'wait' (did you mean 'weight'?)"),
        ("price,weight", {"target_transform": "auto"}, "--target-transform auto: of several targets"),
        ("price,weight", {"drop": ("weight",)}, "--drop: 'weight' is a target"),
        ("price,weight", {"group": "price"}, "--group: 'price' is a target"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(
    tmp_path: Path, target: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(DataError) as refusal:
        prepared(tmp_path, target, **options)
    assert message in str(refusal.value)
    assert not (tmp_path / "cache").exists()


def test_numbers_that_look_like_classes_are_quantities_where_one_says_so(tmp_path: Path) -> None:
    assert prepared(tmp_path, "price,rare", task="regression").spec.task == "multioutput"


def test_a_label_that_a_side_would_not_see_is_refused(tmp_path: Path) -> None:
    rows = table().assign(rare=(np.arange(ROWS) < 2).astype(int))
    with pytest.raises(DataError, match=r"label 'rare' is '0' in all .* rows .* of all rows 2 are '1'"):
        prepared(tmp_path, "sold,rare", rows)


def arrays(folder: Path, y: np.ndarray, **more: np.ndarray) -> DataRequest:
    x = np.random.default_rng(0).normal(size=(len(y), 3))
    np.savez(folder / "rows.npz", x=x, y=y, **more)
    return DataRequest(str(folder / "rows.npz"))


def test_y_of_two_dimensions_are_several_targets(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    data = prepare(arrays(tmp_path, random.normal(size=(60, 2))), tmp_path / "cache")
    assert (data.spec.task, [one.name for one in data.spec.targets]) == ("multioutput", ["y0", "y1"])
    labels = random.integers(0, 2, (60, 3))
    data = prepare(arrays(tmp_path, labels), tmp_path / "cache")
    assert data.spec.task == "multilabel"
    assert any("y has 3 columns: taken as 3 targets" in note for note in data.spec.notes)
    one_hot = np.eye(3)[random.integers(0, 3, 60)]
    assert prepare(arrays(tmp_path, one_hot), tmp_path / "cache").spec.task == "multiclass"


def test_y_of_two_dimensions_with_a_gap_is_refused_by_its_row(tmp_path: Path) -> None:
    y = np.random.default_rng(1).normal(size=(60, 2))
    y[7, 1] = np.nan
    with pytest.raises(DataError, match=r"y\[7\] is NaN"):
        read_source(arrays(tmp_path, y))


def test_a_summary_has_each_of_them(tmp_path: Path) -> None:
    (price, weight) = describe(read_source(asked(tmp_path, "price,weight"))).targets
    assert price.range == (table()["price"].min(), table()["price"].max())
    assert weight.classes == {}
    told = describe(read_source(asked(tmp_path, "sold,rare"))).to_json()
    assert told["targets"][1]["classes"] == {"0": 192, "1": 8}
    assert told["imbalance"] is None
