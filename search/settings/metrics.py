"""The metrics of each task by name: which way is better, what is a share. Knows no Keras, so a typo is found early."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Direction = Literal["maximize", "minimize"]


@dataclass(frozen=True)
class Metric:
    """Which way is better, of which tasks, and what its values are.

    A share is told in % and points. What chance makes of a share of the rows is known from their number alone.
    `beside` names metrics that are told with a value of this one, since people read them more easily.
    """

    better: Direction
    tasks: tuple[str, ...]
    unit: Literal["share of the rows", "share", "its own"]
    beside: tuple[str, ...] = ()

    @property
    def is_share_of_rows(self) -> bool:
        return self.unit == "share of the rows"


METRICS: dict[str, Metric] = {
    "accuracy": Metric("maximize", ("binary", "multiclass"), "share of the rows"),
    "crossentropy": Metric("minimize", ("binary", "multiclass"), "its own", beside=("accuracy",)),
    "auc": Metric("maximize", ("binary",), "its own"),
    "rmse": Metric("minimize", ("regression",), "its own"),
    "mae": Metric("minimize", ("regression",), "its own"),
    "r2": Metric("maximize", ("regression",), "its own"),
}
"""What is measured each epoch beside `loss`. Formulas are in `training/measures.py`."""

_LOSS = Metric("minimize", ("binary", "multiclass", "regression"), "its own")


def metric_of(name: str) -> Metric:
    """That of `accuracy`, `val_accuracy` or `test_accuracy`; what is no metric is taken for a loss."""
    return METRICS.get(name.removeprefix("val_").removeprefix("test_"), _LOSS)


def metrics_of(task: str) -> tuple[str, ...]:
    """Names of what is measured each epoch beside `loss`, for train and validation rows."""
    return tuple(name for name, metric in METRICS.items() if task in metric.tasks)


def direction_of(metric: str) -> Direction:
    """Whether more or less of `metric` is better."""
    return metric_of(metric).better


def told_beside(metric: str) -> tuple[str, ...]:
    """What is told with a validation metric: `val_accuracy` with `val_crossentropy`; nothing with most."""
    return tuple(f"val_{name}" for name in metric_of(metric).beside)


def sign_of(direction: str) -> int:
    """What a value is multiplied by, so that more of it is better."""
    return 1 if direction == "maximize" else -1


def on_train_rows(metric: str) -> str:
    """What a validation metric's twin is called where people read it: `train accuracy`."""
    return f"train {metric.removeprefix('val_')}"


def is_better(value: float, than: float | None, direction: Direction) -> bool:
    """Strictly better; any finite value is better than nothing, and nothing is worse than NaN or infinity."""
    if not math.isfinite(value):
        return False
    sign = sign_of(direction)
    return than is None or sign * value > sign * than
