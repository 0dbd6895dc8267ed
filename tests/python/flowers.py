"""Flowers of two kinds, and the folder in which a study of them was made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_iris

import perceptuna as pt

SPACE = pt.Space(depth=1, width=pt.log(8, 32), optimizer="adam")


def flowers() -> pd.DataFrame:
    """100 flowers: two numbers, and which of two kinds it is."""
    x, y = load_iris(return_X_y=True)
    frame = pd.DataFrame({"petal": x[50:, 2], "leaf": x[50:, 1], "kind": y[50:]})
    return frame.assign(kind=frame["kind"].map({1: "long", 2: "short"}))


@dataclass(frozen=True)
class Place:
    """A folder that is the current one, with `perceptuna.db` in it, and what was made there."""

    folder: Path
    frame: pd.DataFrame
    study: pt.Study
    conclusion: pt.Conclusion
    ablation: pt.Ablation
    running: pt.Running
    classifier: pt.MLPSearchClassifier
    regressor: pt.MLPSearchRegressor
