"""Rows that stand more than once are counted, in the source and across the parts of its split."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from search.data import DataRequest, describe, prepare, read_source
from search.data.preparing.repeats import row_hashes
from search.data.rows.raw import Table, TableColumn

RANDOM = np.random.default_rng(0)


def told(request, tmp_path):
    notes = prepare(request, tmp_path / "cache").spec.notes
    return [note for note in notes if "a training row" in note]


def table(tmp_path, rows, *, ending="csv"):
    import pandas as pd

    frame = pd.DataFrame(rows, columns=["number", "c", "day", "y"])
    frame.insert(0, "", np.arange(len(frame)))  # a row number hides no repeats
    path = tmp_path / f"rows.{ending}"
    frame.to_csv(path, index=False) if ending == "csv" else frame.to_parquet(path)
    return DataRequest(str(path), target="y")


def rows_of(count):
    days = [f"2020-{row % 12 + 1:02d}-{row % 28 + 1:02d}" for row in range(count)]
    return [(RANDOM.normal(), "rgb"[row % 3], days[row], "ab"[row % 2]) for row in range(count)]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_table_that_stands_twice_in_its_file_is_told(tmp_path, ending):
    rows = rows_of(100)
    request = table(tmp_path, rows + rows, ending=ending)
    (note,) = told(request, tmp_path)
    # Of 30 rows nearly all have their twin in training, some in the other of the two parts.
    found = re.fullmatch(r"(\d+) of 30 validation rows .* and (\d+) of 30 test rows .*", note)
    first, second = (int(count) for count in found.groups())
    assert 20 <= first <= 30
    assert 20 <= second <= 30
    assert "all of them its target too" in note
    summary = describe(read_source(request))
    assert (summary.repeated, summary.repeated_with_target) == (100, 100)


def test_rows_of_their_own_are_not_told(tmp_path):
    assert told(table(tmp_path, rows_of(100)), tmp_path) == []


def test_a_repeated_row_of_another_class_is_counted_apart(tmp_path):
    rows = rows_of(100)
    other = [(*features, {"a": "b", "b": "a"}[label]) for *features, label in rows]
    (note,) = told(table(tmp_path, rows + other), tmp_path)
    assert " 0 of them its target too" in note


def test_repeated_vectors_and_images_are_told(tmp_path):
    x, y = RANDOM.normal(size=(60, 3)), np.arange(60) % 2
    for values in (x, (x * 50).astype(np.uint8).reshape(60, 3, 1)):
        path = tmp_path / f"{values.dtype}.npz"
        np.savez(path, x=np.concatenate([values, values]), y=np.concatenate([y, y]))
        assert len(told(DataRequest(str(path)), tmp_path)) == 1
    folder = tmp_path / "images"
    for number, part in enumerate(["cats", "dogs"] * 20):
        (folder / part).mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4), number // 4, np.uint8)).save(folder / part / f"{number}.png")
    (note,) = told(DataRequest(str(folder)), tmp_path)
    assert "validation rows" in note


def test_a_given_test_split_is_compared_with_training(tmp_path):
    x, y = RANDOM.normal(size=(60, 3)), np.arange(60) % 2
    np.savez(tmp_path / "rows.npz", x_train=x, y_train=y, x_test=x[:20], y_test=y[:20])
    (note,) = told(DataRequest(str(tmp_path / "rows.npz")), tmp_path)
    assert " of 20 test rows" in note
    assert "validation rows" not in note


numbers = st.sampled_from([0.0, -0.0, 1.0, 2.0, float("nan"), 1e300, 5e-324])
words = st.sampled_from(["", "a", "b", "ab", "ba", "é"])


@settings(max_examples=60)
@given(rows=st.lists(st.tuples(numbers, words, words), min_size=1, max_size=30))
def test_rows_have_one_hash_where_they_are_equal_and_only_there(rows):
    columns = {
        "n": TableColumn("number", np.array([row[0] for row in rows])),
        "c": TableColumn("category", np.array([row[1] for row in rows], dtype=object)),
        "d": TableColumn("category", np.array([row[2] for row in rows], dtype=object)),
    }
    keys = [(str(number + 0.0), *text) for number, *text in rows]
    hashes = row_hashes(Table(columns)).tolist()
    assert len(set(zip(keys, hashes, strict=True))) == len(set(keys)) == len(set(hashes))
    matrix = np.array([[row[0], 1.0] for row in rows])
    assert len(set(row_hashes(np.nan_to_num(matrix)).tolist())) == len(set(np.nan_to_num(matrix)[:, 0] + 0.0))
