"""NPZ files: images and vectors, and what each mistake is told."""

from __future__ import annotations

import numpy as np
import pytest
from sample_arrays import IMAGES, LABELS, VECTORS

from search.data import DataRequest, prepare, read_source
from search.data.preparing.sealed import open_test_split
from search.errors import DataError


def test_uint8_of_three_dimensions_is_grey_images(npz):
    raw = read_source(npz(x=IMAGES, y=LABELS))
    assert (raw.kind, raw.x.shape) == ("image", (40, 4, 6, 1))


def test_other_numbers_are_flattened_vectors(npz):
    raw = read_source(npz(x=VECTORS.reshape(40, 5, 1), y=LABELS.reshape(40, 1)))
    assert (raw.kind, raw.x.shape, raw.y.shape) == ("vector", (40, 5), (40,))


@pytest.mark.parametrize("labels", [np.array(["no", "yes"])[LABELS], np.array([b"no", b"yes"])[LABELS]])
def test_labels_may_be_text(npz, labels):
    assert read_source(npz(x=VECTORS, y=labels)).class_names == ("no", "yes")


def test_a_given_test_split_is_the_test_split(npz, tmp_path):
    request = npz(x_train=IMAGES, y_train=LABELS, x_test=IMAGES[:7] // 2, y_test=LABELS[:7])
    prepared = prepare(request, tmp_path / "cache")
    x, y = open_test_split(prepared)
    assert (np.asarray(x)[..., 0] == IMAGES[:7] // 2).all()
    assert (y == LABELS[:7]).all()
    assert prepared.spec.given_test
    assert prepared.spec.rows.train + prepared.spec.rows.validation == 40


def test_vectors_are_standardised_by_the_training_rows(npz, tmp_path):
    far = VECTORS * [1, 1e-9, 1e9, 1, 0] + [0, 0, 1e9, 1e6, 3]
    prepared = prepare(npz(x=far, y=LABELS), tmp_path / "cache")
    train, _ = prepared.training()
    assert train.dtype == np.float32
    np.testing.assert_allclose(train[:, :4].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(train[:, :4].std(axis=0), 1, atol=1e-5)
    assert (train[:, 4] == 0).all()


def test_a_regression_target_is_standardised(npz, tmp_path):
    prepared = prepare(npz(x=VECTORS, y=np.linspace(100, 200, 40)), tmp_path / "cache")
    _, y = prepared.training()
    assert prepared.spec.task == "regression"
    assert y.dtype == np.float32
    assert abs(y.mean()) < 1e-6
    assert 140 < prepared.spec.target_mean < 160


BAD = {
    "no labels": ({"x": VECTORS}, ["x and y", "holds x"]),
    "half a test split": (
        {"x_train": VECTORS, "y_train": LABELS, "x_test": VECTORS},
        ["x_test without its partner"],
    ),
    "other test rows": (
        {"x_train": VECTORS, "y_train": LABELS, "x_test": VECTORS[:, :3], "y_test": LABELS},
        ["(3,)", "(5,)", "must be alike"],
    ),
    "lengths": ({"x": VECTORS, "y": LABELS[:30]}, ["40 rows", "30"]),
    "several targets that do not go together": (
        {"x": VECTORS, "y": np.stack([VECTORS[:, 0], LABELS], axis=1)},
        ["do not go together", "'y0' is a quantity", "'y1' has"],
    ),
    "one-hot of two kinds": (
        {"x_train": VECTORS, "y_train": np.eye(2)[LABELS], "x_val": VECTORS, "y_val": np.eye(3)[LABELS]},
        ["[2, 3] columns; they must be alike"],
    ),
    "two of a kind": (
        {"images": VECTORS, "features": VECTORS, "y": LABELS},
        ["images and features", "rename"],
    ),
    "half a validation split": (
        {"x": VECTORS, "y": LABELS, "y_val": LABELS},
        ["y_val without its partner"],
    ),
    "labels of two types": (
        {"x_train": VECTORS, "y_train": LABELS, "x_test": VECTORS, "y_test": LABELS.astype(str)},
        ["not comparable", "y_train int64"],
    ),
    "labels that would be rounded": (
        {
            "x_train": VECTORS,
            "y_train": LABELS - 1,
            "x_test": VECTORS,
            "y_test": LABELS.astype(np.uint64) + np.uint64(2**63 + 1),
        },
        ["not comparable", "uint64"],
    ),
    "other names": (
        {"spam": VECTORS, "eggs": LABELS},
        ["x and y", "spam (float64 (40, 5))", "eggs", "rename"],
    ),
    "channels last of four": ({"x": np.zeros((40, 8, 8, 4), np.uint8), "y": LABELS}, ["x[..., :3]"]),
    "nan": (
        {"x": np.where(np.eye(40, 5) > 0, np.nan, VECTORS), "y": LABELS},
        ["row 0 of x", "NaN", "5 such"],
    ),
    "inf": ({"x": np.where(np.eye(40, 5) > 0, np.inf, VECTORS), "y": LABELS}, ["infinite"]),
    "nan label": ({"x": VECTORS, "y": np.where(LABELS == 1, np.nan, 0.0)}, ["y[1] is NaN"]),
    "objects": ({"x": VECTORS, "y": np.array([{}] * 40)}, ["Python objects", "astype"]),
    "text": ({"x": VECTORS.astype(str), "y": LABELS}, ["x should hold numbers", "<U"]),
    "complex": ({"x": VECTORS * 1j, "y": LABELS}, ["x should hold numbers", "complex"]),
    "empty": ({"x": VECTORS[:0], "y": LABELS[:0]}, ["empty"]),
    "no features": ({"x": VECTORS[:, :0], "y": LABELS}, ["empty"]),
    "a number": ({"x": np.float64(1), "y": LABELS}, ["one number"]),
    "channels first": ({"x": np.zeros((40, 3, 8, 8), np.uint8), "y": LABELS}, ["channels should be 1 or 3"]),
    "one class": ({"x": VECTORS, "y": LABELS * 0}, ["same value in every row"]),
    "class of the test alone": (
        {"x_train": VECTORS, "y_train": LABELS, "x_test": VECTORS, "y_test": LABELS + 1},
        ["'2' has 0"],
    ),
}


@pytest.mark.parametrize("mistake", BAD)
def test_a_mistake_in_an_npz_file_is_told_and_nothing_written(npz, tmp_path, mistake):
    arrays, parts = BAD[mistake]
    with pytest.raises(DataError) as error:
        prepare(npz(**arrays), tmp_path / "cache")
    for part in parts:
        assert part in str(error.value)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 broken", b"\x93NUMPY\x01\x00 broken"])
def test_a_file_that_is_no_npz_is_told(tmp_path, content):
    path = tmp_path / "rows.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"rows\.npz"):
        read_source(DataRequest(str(path)))


def test_a_truncated_npz_is_told(npz, tmp_path):
    request = npz(x=VECTORS, y=LABELS)
    path = tmp_path / "rows.npz"
    content = bytearray(path.read_bytes())
    content[200:400] = bytes(200)
    path.write_bytes(content)
    with pytest.raises(DataError, match="not a sound NPZ"):
        read_source(request)


def test_a_single_array_is_told(tmp_path):
    np.save(tmp_path / "rows.npy", VECTORS)
    (tmp_path / "rows.npy").rename(tmp_path / "rows.npz")
    with pytest.raises(DataError, match="one array"):
        read_source(DataRequest(str(tmp_path / "rows.npz")))
