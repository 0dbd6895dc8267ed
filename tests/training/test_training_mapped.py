"""Rows are trained on where the prepared file lies in memory, and no process has a copy of its own."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import search.training.rows as of_rows
from search.data import PreparedData
from search.training.loop import TrainingResult, train
from search.training.mapped import as_tensor
from spaces import Hyperparameters


def _copied(array: Any, *, flat: bool = False) -> Any:
    return tf.constant(array.reshape(len(array), math.prod(array.shape[1:])) if flat else array)


def _forget_inputs() -> None:
    for kept in (of_rows._resident, of_rows._training, of_rows._weights, of_rows._projected):
        kept.cache_clear()


def _trained(data: PreparedData, metric: str) -> TrainingResult:
    _forget_inputs()
    one = Hyperparameters.from_values({"depth": 1, "width": 16, "batch_size": 32, "dropout": 0.1})
    return train(one, data, epochs=2, patience=9, metric=metric, seed=3)


@pytest.mark.parametrize("kind", ["image", "table"])
def test_a_training_on_shared_pages_is_that_on_a_copy_to_the_last_bit(
    kind: str,
    digits: PreparedData,
    weighed_of: Callable[[str], PreparedData],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data, metric = (
        (digits, "val_accuracy") if kind == "image" else (weighed_of("multiclass"), "val_crossentropy")
    )
    shared = _trained(data, metric)
    monkeypatch.setattr(of_rows, "as_tensor", _copied)
    copied = _trained(data, metric)
    _forget_inputs()
    assert shared.history == copied.history
    assert all(map(np.array_equal, shared.weights, copied.weights))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.int32])
def test_a_mapped_file_is_not_copied(tmp_path: Path, dtype: type) -> None:
    path = tmp_path / "train_x.npy"
    np.save(path, np.arange(24, dtype=dtype).reshape(4, 3, 2))
    tensor = as_tensor(np.load(path, mmap_mode="r"), flat=True)
    assert tensor.shape == (4, 6)
    assert tensor.dtype == dtype
    with path.open("r+b") as file:  # what no copy would show
        file.seek(-np.dtype(dtype).itemsize, os.SEEK_END)
        file.write(np.array(7, dtype).tobytes())
    assert tensor.numpy()[-1].tolist() == [18, 19, 20, 21, 22, 7]


def test_a_part_of_a_map_is_copied_as_it_is(tmp_path: Path) -> None:
    """It knows the file's place and not its own."""
    path = tmp_path / "train_x.npy"
    np.save(path, np.arange(24, dtype=np.float32).reshape(4, 6))
    rows = np.load(path, mmap_mode="r")
    for part in (rows[1:], rows[:, ::-1], rows[:0]):
        np.testing.assert_array_equal(as_tensor(part).numpy(), np.array(part))


def test_rows_beyond_what_32_bits_count_are_found(tmp_path: Path) -> None:
    """Gathered in a step, and cut for an evaluation. The file is one hole but for what is written."""
    rows, values = 11_000_000, 200
    path, picked = tmp_path / "train_x.npy", np.array([3, 10_737_419, rows - 1], np.int32)
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (rows, values)}
        np.lib.format.write_array_header_1_0(file, header)
        begin = file.tell()
        file.truncate(begin + rows * values)
        for row in picked.tolist():
            file.seek(begin + row * values)
            file.write(bytes([row % 251] * values))
    tensor = as_tensor(np.load(path, mmap_mode="r"), flat=True)

    def looked_at(x: Any, start: Any) -> Any:
        return tf.gather(x, picked), x[start : start + 4]

    gathered, last = tf.function(looked_at)(tensor, tf.constant(rows - 2))
    assert gathered.numpy()[:, -1].tolist() == [row % 251 for row in picked.tolist()]
    assert last.shape == (2, values)
    assert last.numpy()[1].tolist() == [(rows - 1) % 251] * values
