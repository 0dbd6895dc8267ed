"""A table of `benchmarks.tables` as rivals are given it: numbers, categories, missing values as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

# What a fitted contestant makes of a file of rows: (rows, classes) and the classes as the file writes them, or
# (rows,) and no classes.
Answers = tuple[np.ndarray, list[str]]
Predict = Callable[[Path], Answers]
# A model, what is to be known of it, and how it answers.
Ready = tuple[str, dict[str, Any], Predict]


@dataclass(frozen=True)
class Table:
    """Training rows. `x` has float and category columns, `y` is text for classes and float64 for quantities."""

    x: pd.DataFrame
    y: np.ndarray
    task: dict[str, Any]

    @property
    def classes(self) -> bool:
        return self.task["task"] == "classification"

    def features(self, path: Path) -> pd.DataFrame:
        """Rows of a file, in the categories of the training rows: what these have not is missing."""
        return _features(path, self.task).astype(self.x.dtypes.to_dict())


def training_table(task: dict[str, Any]) -> Table:
    path = Path(task["train"])
    x = _features(path, task)
    texts = [name for name in x if not pd.api.types.is_numeric_dtype(x[name])]
    return Table(x.astype({name: "float64" for name in x if name not in texts} | dict.fromkeys(texts, "category")),
                 targets(path, task), task)  # fmt: skip


def targets(path: Path, task: dict[str, Any]) -> np.ndarray:
    """(rows,): classes as the file writes them, or float64."""
    kind = str if task["task"] == "classification" else "float64"
    return pd.read_csv(path, usecols=[task["target"]], dtype={task["target"]: kind})[task["target"]].to_numpy(
        object if kind is str else "float64"
    )


def fitted(model: Any, table: Table) -> Predict:
    """Of an estimator with scikit-learn's interface."""
    model.fit(table.x, table.y)

    def predict(path: Path) -> Answers:
        x = table.features(path)
        if table.classes:
            return model.predict_proba(x), [str(name) for name in model.classes_]
        return np.asarray(model.predict(x)).reshape(-1), []

    return predict


def _features(path: Path, task: dict[str, Any]) -> pd.DataFrame:
    """Dates are days since year 1. Columns get plain names, since LightGBM takes no brackets."""
    rows = pd.read_csv(path).drop(columns=task["target"], errors="ignore")
    for name, form in task.get("dates", {}).items():
        rows[name] = [date.toordinal() for date in pd.to_datetime(rows[name], format=form)]
    return rows.set_axis([f"x{number}" for number in range(rows.shape[1])], axis="columns")
