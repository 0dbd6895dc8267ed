"""scikit-learn's bundled tables as prepared data, without preparing any."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

from search.data import DataSpec, PreparedData
from search.data.preparing.spec import Rows

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Bundled:
    """Two thirds of the rows to train on, the others to judge by; standardised by the former."""

    spec: DataSpec
    train: tuple[Array, Array]
    validation: tuple[Array, Array]

    def saved(self, folder: Path) -> PreparedData:
        """As files, of which the test rows are the validation rows."""
        for part in ("train", "validation", "test"):
            x, y = self.train if part == "train" else self.validation
            np.save(folder / f"{part}_x.npy", x)
            np.save(folder / f"{part}_y.npy", y)
        (folder / "data.json").write_text(self.spec.model_dump_json())
        return PreparedData(folder, self.spec)


def bundled(task: str) -> Bundled:
    """Breast cancer, iris or diabetes."""
    load = {"binary": load_breast_cancer, "multiclass": load_iris, "regression": load_diabetes}[task]
    x, y = load(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order], y[order]
    of_train = 2 * len(x) // 3
    x = ((x - x[:of_train].mean(axis=0)) / x[:of_train].std(axis=0)).astype(np.float32)
    facts: dict[str, Any] = {"class_names": tuple(str(label) for label in np.unique(y))}
    if task == "regression":
        mean, std = y[:of_train].mean(), y[:of_train].std()
        facts = {"target_mean": float(mean), "target_std": float(std)}
        y = (y - mean) / std
    others = len(x) - of_train
    spec = DataSpec(
        source="bundled.npz",
        fingerprint="0",
        kind="vector",
        task=task,
        input_shape=(x.shape[1],),
        rows=Rows(train=of_train, validation=others, test=others),
        seed=0,
        val_fraction=0.1,
        test_fraction=0.1,
        **facts,
    )
    y = y.astype(np.float32 if task == "regression" else np.int32)
    return Bundled(spec, (x[:of_train], y[:of_train]), (x[of_train:], y[of_train:]))
