"""Labels and targets are exact: every digit, every sign and every zero of what the file says."""

from __future__ import annotations

import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search.data import DataRequest, read_source
from search.errors import DataError


@pytest.fixture
def csv(tmp_path):
    def write(labels, **options):
        path = tmp_path / "rows.csv"
        path.write_text("x,y\n" + "".join(f"{row * 7 % 11},{label}\n" for row, label in enumerate(labels)))
        return read_source(DataRequest(str(path), target="y", **options))

    return write


@pytest.fixture
def parquet(tmp_path):
    def write(labels, **options):
        path = tmp_path / "rows.parquet"
        pq.write_table(pa.table({"x": np.arange(len(labels)) * 7 % 11, "y": labels}), path)
        return read_source(DataRequest(str(path), target="y", **options))

    return write


HUGE = [2**64 - 1, 2**63, 9_805_429_753_300_564_932]
LONG = [10_152_368_745_210_001, 10_152_368_745_210_002, 10_152_368_745_210_003]
BEYOND = [10**20 + 1, 10**20 + 2, 10**20 + 3]


@pytest.mark.parametrize("values", [HUGE, LONG, BEYOND])
@pytest.mark.parametrize("gap", [False, True])
def test_whole_numbers_of_any_size_stay_what_they_are_in_text(csv, values, gap):
    labels = [values[row % 3] for row in range(60)]
    written = ["" if gap and row == 4 else label for row, label in enumerate(labels)]
    kept = [label for row, label in enumerate(labels) if not gap or row != 4]
    classes = csv(written)
    assert classes.class_names == tuple(map(str, sorted(values)))
    assert [classes.class_names[index] for index in classes.y] == list(map(str, kept))
    quantities = csv(written, task="regression")
    assert quantities.y.tolist() == [float(label) for label in kept]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (HUGE, pa.uint64()),
        (LONG, pa.int64()),
        (LONG, pa.decimal128(20, 0)),
        (BEYOND, pa.decimal128(25, 0)),
        (LONG, pa.dictionary(pa.int8(), pa.int64())),
    ],
)
@pytest.mark.parametrize("gap", [False, True])
def test_whole_numbers_of_any_size_stay_what_they_are_in_parquet(parquet, values, kind, gap):
    chosen = [None if gap and row == 4 else values[row % 3] for row in range(60)]
    if pa.types.is_decimal(kind):
        chosen = [None if value is None else decimal.Decimal(value) for value in chosen]
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    labels = pa.array(chosen, plain)
    classes = parquet(labels.dictionary_encode() if plain is not kind else labels)
    assert classes.class_names == tuple(map(str, sorted(values)))
    kept = [str(value) for value in chosen if value is not None]
    assert [classes.class_names[index] for index in classes.y] == kept
    assert parquet(labels, task="regression").y.tolist() == [float(value) for value in kept]


def test_many_huge_quantities_keep_their_sign(csv, parquet):
    labels = [9_200_000_000_000_000_000 + 10**17 * row for row in range(50)]
    for raw in (csv(labels), parquet(pa.array(labels, pa.uint64()))):
        assert raw.task == "regression"
        assert raw.y.tolist() == [float(label) for label in labels]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["01", "02", "10"], ("01", "02", "10")),
        (["007", "7", "70"], ("007", "7", "70")),
        (["1", "1.0", "2"], ("1", "2")),
        (["1.0", "2.0", "10.0"], ("1", "2", "10")),
        (["1e2", "1e3", "1e1"], ("1e1", "1e2", "1e3")),
        (["-1", "0", "1"], ("-1", "0", "1")),
        (["TRUE", "FALSE"], ("FALSE", "TRUE")),
        (["No", "NO", "no"], ("NO", "No", "no")),
        (["1_000", "2_000"], ("1_000", "2_000")),
        (["0x1F", "0x2A"], ("0x1F", "0x2A")),
    ],
)
def test_classes_are_named_as_they_are_written(csv, values, names):
    assert csv([values[row % len(values)] for row in range(90)]).class_names == names


def test_the_task_does_not_change_how_classes_are_named(csv):
    values = ["0.50", "1.5", "0.5"]
    assert csv([values[row % 3] for row in range(60)], task="classification").class_names == ("0.5", "1.5")


def test_labels_that_mean_missing_are_named(csv):
    raw = csv([["NA", "DE", "FR"][row % 3] for row in range(90)])
    assert raw.class_names == ("DE", "FR")
    assert any(
        "30 rows are left out" in note and "'NA' (30) stands for missing" in note for note in raw.notes
    )
    with pytest.raises(DataError, match=r"fewer than two values; 'null' \(20\) stands for missing"):
        csv(["null", "plane"] * 20)


def test_a_number_with_leading_zeros_is_a_quantity_where_that_is_asked(csv):
    assert csv([f"{row:03d}" for row in range(40)], task="regression").y.tolist() == list(range(40))


@pytest.mark.parametrize("stray", ["1_000", "٣", "0x10", "five"])
def test_what_is_no_number_is_told_for_a_regression(csv, stray):
    with pytest.raises(DataError, match="should hold numbers"):
        csv([*range(30), stray], task="regression")


@pytest.mark.parametrize("values", [HUGE, [3, 4, 5]])
def test_numbers_without_sign_in_an_npz_file_have_none(tmp_path, values):
    labels = np.array([values[row % 3] for row in range(60)], dtype=np.uint64)
    np.savez(tmp_path / "rows.npz", x=np.random.default_rng(0).normal(size=(60, 2)), y=labels)
    raw = read_source(DataRequest(str(tmp_path / "rows.npz")))
    assert raw.class_names == tuple(map(str, sorted(values)))
    raw = read_source(DataRequest(str(tmp_path / "rows.npz"), task="regression"))
    assert raw.y.min() == float(min(values))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(st.integers(-(10**22), 10**22), min_size=2, max_size=5, unique=True), gap=st.booleans()
)
def test_any_whole_numbers_come_back_as_they_were(csv, values, gap):
    labels = [str(values[row % len(values)]) for row in range(50)]
    raw = csv(["" if gap and row == 0 else label for row, label in enumerate(labels)], task="classification")
    assert [raw.class_names[index] for index in raw.y] == labels[gap:]


def test_the_index_that_pandas_saved_can_be_the_target(tmp_path):
    frame = pd.DataFrame({"x": np.arange(40) % 7}, index=pd.Index(np.arange(40) % 2 + 5))
    frame.to_parquet(tmp_path / "rows.parquet")
    raw = read_source(DataRequest(str(tmp_path / "rows.parquet"), target="__index_level_0__"))
    assert (raw.class_names, list(raw.x.columns)) == (("5", "6"), ["x"])


def test_bytes_of_fixed_size_are_text_where_they_are_text(tmp_path):
    codes = pa.array([b"ab", b"cd"] * 20, pa.binary(2))
    keys = pa.array([bytes([200 + row, 255]) for row in range(40)], pa.binary(2))
    pq.write_table(pa.table({"code": codes, "key": keys, "y": codes}), tmp_path / "rows.parquet")
    raw = read_source(DataRequest(str(tmp_path / "rows.parquet"), target="y"))
    assert raw.class_names == ("ab", "cd")
    assert set(raw.x.columns["code"].values) == {"ab", "cd"}
    assert list(raw.x.columns) == ["code"]
    assert raw.notes == ("column 'key' is dropped: lists, structures and bytes are not used",)


def test_a_target_of_text_that_is_read_as_numbers_is_a_quantity_in_parquet_too(parquet):
    raw = parquet(pa.array([f"${1 + row % 50},000.50" for row in range(200)]))
    assert (raw.task, raw.y[0]) == ("regression", 1000.5)
    assert "is read as numbers in $" in raw.notes[0]
