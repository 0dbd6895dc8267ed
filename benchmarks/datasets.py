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


def prepared(name: str) -> PreparedData:
    """digits, table569 (breast cancer), table20000 (made, 54 features, 7 classes), fashion_mnist, cifar10_jpeg.

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
    return make_classification(
        20_000, 54, n_informative=20, n_redundant=10, n_classes=7, class_sep=1.2, random_state=0
    )
