"""Which arrays of an NPZ file are used, under which names, and that a given split is kept."""

from __future__ import annotations

import numpy as np
import pytest
from sample_arrays import IMAGES, LABELS, VECTORS

from search.data import DataRequest, prepare, read_source
from search.data.preparing.sealed import open_test_split
from search.errors import DataError


@pytest.mark.parametrize("with_test", [True, False])
def test_a_given_validation_split_is_the_validation_split(npz, tmp_path, with_test):
    test = {"x_test": IMAGES[:5] // 3, "y_test": LABELS[:5]} if with_test else {}
    request = npz(x_train=IMAGES, y_train=LABELS, x_val=IMAGES[:7] // 2, y_val=LABELS[:7], **test)
    prepared = prepare(request, tmp_path / "cache")
    x, y = prepared.validation()
    assert (np.asarray(x)[..., 0] == IMAGES[:7] // 2).all()
    assert (y == LABELS[:7]).all()
    assert (prepared.spec.given_validation, prepared.spec.given_test) == (True, with_test)
    assert prepared.spec.rows.train == (40 if with_test else 34)
    if with_test:
        assert (np.asarray(open_test_split(prepared)[0])[..., 0] == IMAGES[:5] // 3).all()


def test_a_split_is_kept_beside_arrays_that_are_named_for_no_part(npz):
    raw = read_source(npz(x=VECTORS, y=LABELS, x_val=VECTORS[:6], y_val=LABELS[:6]))
    assert (len(raw.x), raw.given_validation, raw.given_test) == (46, 6, 0)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ("X", "y"),
        ("X", "Y"),
        ("data", "target"),
        ("features", "labels"),
        ("images", "labels"),
        ("X_train", "y_train"),
        ("train_images", "train_labels"),
        ("trainX", "trainY"),
        ("Training-Data", "Training-Targets"),
    ],
)
def test_other_names_are_taken_where_they_are_clear_and_it_is_said(npz, x, y):
    raw = read_source(npz(**{x: VECTORS, y: LABELS}))
    assert (raw.x == VECTORS).all()
    assert (raw.y == LABELS).all()
    assert f"{x} as x" in raw.notes[0]


def test_arrays_without_names_are_x_and_y_in_this_order(npz):
    raw = read_source(npz(VECTORS, LABELS))
    assert (raw.x == VECTORS).all()
    assert raw.notes[0] == "arrays are taken by their names: arr_0 as x, arr_1 as y"


def test_three_arrays_without_names_are_not_guessed_at(npz):
    with pytest.raises(DataError, match=r"arr_0 \(float64 \(40, 5\)\).*arr_2"):
        read_source(npz(VECTORS, LABELS, LABELS))


def test_a_known_name_wins_over_one_that_could_mean_the_same(npz):
    raw = read_source(npz(data=VECTORS * 2, x=VECTORS, y=LABELS))
    assert (raw.x == VECTORS).all()
    assert "arrays that are not used: data" in raw.notes


def test_all_rows_are_used_where_their_parts_lie_beside_them(npz):
    parts = {"x_train": VECTORS[:20], "y_train": LABELS[:20], "x_test": VECTORS[20:], "y_test": LABELS[20:]}
    raw = read_source(npz(x=VECTORS, y=LABELS, **parts))
    assert (len(raw.x), raw.given_test) == (40, 0)
    assert "arrays that are not used: x_train, y_train, x_test, y_test" in raw.notes


def test_an_array_that_is_not_used_is_not_read(npz):
    raw = read_source(npz(x=VECTORS, y=LABELS, names=np.array([{}] * 5)))
    assert raw.notes[0] == "arrays that are not used: names"


@pytest.mark.parametrize("dtype", [np.float64, np.uint8, bool])
def test_one_hot_labels_are_classes_by_column_and_it_is_said(npz, dtype):
    labels = np.arange(40) % 3
    raw = read_source(npz(x=VECTORS, y=np.eye(3)[labels].astype(dtype)))
    assert (raw.y == labels).all()
    assert raw.class_names == ("0", "1", "2")
    assert "one-hot" in raw.notes[0]


def test_labels_that_lie_on_their_side_are_labels(npz):
    assert (read_source(npz(x=VECTORS, y=LABELS[np.newaxis])).y == LABELS).all()


def test_numbers_of_the_other_byte_order_and_columns_first_are_read(npz):
    raw = read_source(npz(x=np.asfortranarray(VECTORS).astype(">f8", order="F"), y=LABELS.astype(">i4")))
    assert (raw.x == VECTORS).all()
    assert (raw.y == LABELS).all()


def test_labels_beyond_signed_integers_keep_their_sign(npz):
    labels = LABELS.astype(np.uint64) + np.uint64(2**63)
    assert read_source(npz(x=VECTORS, y=labels)).class_names == (str(2**63), str(2**63 + 1))


def test_an_npy_file_is_told_what_is_missing(tmp_path):
    np.save(tmp_path / "rows.npy", VECTORS)
    with pytest.raises(DataError, match=r"holds one array.*np\.savez"):
        read_source(DataRequest(str(tmp_path / "rows.npy")))
