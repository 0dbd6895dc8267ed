"""Small real data, prepared once, and a shorthand for training on it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from search.data import DataRequest, PreparedData, prepare

# One thread, for results that are equal to the last bit; read by TensorFlow when it is imported.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("training-data")


@pytest.fixture(scope="session")
def digits(folder: Path) -> PreparedData:
    """10 classes, images of 8 x 8 x 1 in 0..16."""
    return prepare(DataRequest("digits"), folder / "cache")


@pytest.fixture(scope="session")
def regression(folder: Path) -> PreparedData:
    """A target of mean 500 and standard deviation about 100, of 4 features and noise."""
    random = np.random.default_rng(0)
    x = random.normal(size=(240, 4)).astype(np.float32)
    y = 500 + 100 * np.tanh(x @ [1.0, -0.5, 0.25, 0.0]) + random.normal(scale=5, size=240)
    np.savez(folder / "regression.npz", x=x, y=y)
    return prepare(DataRequest(str(folder / "regression.npz"), task="regression"), folder / "cache")


@pytest.fixture(scope="session")
def quantities(folder: Path) -> PreparedData:
    """Three targets of other sizes, of 4 features and noise."""
    random = np.random.default_rng(0)
    x = random.normal(size=(240, 4)).astype(np.float32)
    y = np.tanh(x @ random.normal(size=(4, 3))) + random.normal(scale=0.1, size=(240, 3))
    np.savez(folder / "quantities.npz", x=x, y=[0.01, 1.0, 1000.0] * y + [5.0, 0.0, -300.0])
    return prepare(DataRequest(str(folder / "quantities.npz")), folder / "cache")


@pytest.fixture(scope="session")
def labels(folder: Path) -> PreparedData:
    """Three labels, one of them in an eighth of the rows, of 4 features and noise."""
    random = np.random.default_rng(0)
    x = random.normal(size=(240, 4)).astype(np.float32)
    of_rows = x @ random.normal(size=(4, 3)) + random.normal(scale=0.3, size=(240, 3))
    y = (of_rows > np.quantile(of_rows, [0.5, 0.7, 0.875], axis=0).diagonal()).astype(int)
    np.savez(folder / "labels.npz", x=x, y=y)
    return prepare(DataRequest(str(folder / "labels.npz")), folder / "cache")


@pytest.fixture(scope="session")
def weighed_of(folder: Path) -> Callable[[str], PreparedData]:
    """By its task, a table of 240 rows that count from 0 to 9, of 4 features; of one class more than of the others."""

    def made(task: str) -> PreparedData:
        random = np.random.default_rng(0)
        x = random.normal(size=(240, 4))
        of_rows = x @ [1.0, -0.5, 0.25, 0.0] + random.normal(scale=0.3, size=240)
        targets = {
            "regression": 500 + 100 * of_rows,
            "binary": (of_rows > 0.5).astype(int),
            "multiclass": np.digitize(of_rows, [-0.5, 1.0]),
            "multioutput": np.stack([of_rows, 9 + 500 * x[:, 0] * of_rows], axis=1),
            "multilabel": np.stack([of_rows > 0, x[:, 1] > 0.5], axis=1),
        }
        weights = np.where(np.arange(240) % 11 == 0, 0, random.integers(1, 10, 240))
        rows = np.column_stack([x, targets[task], weights])
        file, names = folder / f"weighed-{task}.csv", "y,z" if task.startswith("multi") else "y"
        names = "y" if task == "multiclass" else names
        np.savetxt(file, rows, "%.9g", ",", header=f"a,b,c,d,{names},w", comments="")
        return prepare(DataRequest(str(file), target=names, weight="w"), folder / "cache")

    return made


@pytest.fixture(scope="session")
def binary(folder: Path) -> PreparedData:
    """Two classes of 4 features, almost separable."""
    random = np.random.default_rng(0)
    x = random.normal(size=(240, 4)).astype(np.float32)
    y = (x @ [1.0, -0.5, 0.25, 0.0] + random.normal(scale=0.3, size=240) > 0).astype(np.int64)
    np.savez(folder / "binary.npz", x=x, y=y)
    return prepare(DataRequest(str(folder / "binary.npz"), task="classification"), folder / "cache")
