"""The data that benchmarks train on, prepared as a study prepares it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np

from search.data import DataRequest, PreparedData, prepare
from search.study.data_cache import cache_folder

# The folder of CIFAR-10 as JPEG class folders, `train/<class>/*.jpg` and `test/<class>/*.jpg`.
CIFAR10_JPEG = "CIFAR10_JPEG"
# Of which 15,000 are left to train on: 70 %.
_ROWS_OF_NUMBERS = 21_429


def prepared(name: str) -> PreparedData:
    """digits, table569 (breast cancer), table20000 (made, 54 features, 7 classes), fashion_mnist, cifar10_jpeg.

    Also table15000_regression and table15000_classes: made, 15,000 training rows of 10 numbers, 2 classes.

    Raises:
        SystemExit: the data is not on this machine.
    """
    if name == "cifar10_jpeg":
        folder = os.environ.get(CIFAR10_JPEG)
        if not folder:
            raise SystemExit(f"set {CIFAR10_JPEG} to the folder with train/ and test/, or leave the set out")
        return prepare(DataRequest(folder), cache_folder())
    if name.startswith("table"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"{name}.npz")
            x, y = _table(name)
            np.savez(path, x=x.astype(np.float32), y=y)
            return prepare(DataRequest(str(path)), cache_folder())
    return prepare(DataRequest(name), cache_folder())


def _table(name: str) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_breast_cancer, make_classification

    if name == "table569":
        return load_breast_cancer(return_X_y=True)
    if name.startswith("table15000"):
        return _numbers(regression=name == "table15000_regression")
    return make_classification(
        20_000, 54, n_informative=20, n_redundant=10, n_classes=7, class_sep=1.2, random_state=0
    )


def _numbers(*, regression: bool) -> tuple[np.ndarray, np.ndarray]:
    """Waves and products of a few of ten numbers, with noise."""
    random = np.random.default_rng(0)
    x = random.normal(size=(_ROWS_OF_NUMBERS, 10))
    y = np.sin(3 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.3 * random.normal(size=len(x))
    return x, y.astype(np.float32) if regression else (y > 0).astype(np.int64)
