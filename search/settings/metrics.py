"""The metrics of each task by name: which way is better, what is a share. Knows no Keras, so a typo is found early."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from search.settings.costs import COST
from search.settings.own_metrics import own_metric_in
from search.settings.quantiles import quantile_in

Direction = Literal["maximize", "minimize"]


@dataclass(frozen=True)
class Metric:
    """Which way is better, of which tasks, and what its values are.

    A share is told in % and points. What chance makes of a share of the rows is known from their number alone.
    `beside` names metrics that are told with a value of this one, since people read them more easily. Of `tasks` it is
    measured each epoch of every study, of those where it is `asked` only if the study is compared by it. `within`: its
    least and its largest value, where its interval has to know them. `least_classes`: there have to be as many.
    `decided`: of two classes, models are given the threshold that is best by it (`training/decision.py`).
    """

    better: Direction
    tasks: tuple[str, ...]
    unit: Literal["share of the rows", "share", "its own"]
    beside: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    within: tuple[float, float] | None = None
    least_classes: int = 0
    decided: bool = False

    @property
    def is_share_of_rows(self) -> bool:
        return self.unit == "share of the rows"


_TWO, _CLASSES = ("binary",), ("binary", "multiclass")
_QUANTITIES, _LABELS = ("regression", "multioutput"), ("multilabel",)
_ALL = (*_CLASSES, *_QUANTITIES, *_LABELS)
_SHARE = (0.0, 1.0)

METRICS: dict[str, Metric] = {
    "accuracy": Metric("maximize", (*_CLASSES, *_LABELS), "share of the rows"),
    "crossentropy": Metric("minimize", (*_CLASSES, *_LABELS), "its own", beside=("accuracy",)),
    "auc": Metric("maximize", _TWO, "its own", asked=("multiclass", *_LABELS)),
    "rmse": Metric("minimize", _QUANTITIES, "its own"),
    "mae": Metric("minimize", _QUANTITIES, "its own"),
    "r2": Metric("maximize", _QUANTITIES, "its own"),
    "f1": Metric("maximize", (), "share", asked=(*_CLASSES, *_LABELS), within=_SHARE, decided=True),
    "balanced_accuracy": Metric(
        "maximize", (), "share", asked=(*_CLASSES, *_LABELS), within=_SHARE, decided=True
    ),
    "average_precision": Metric("maximize", (), "its own", asked=(*_TWO, *_LABELS), within=_SHARE),
    "precision": Metric("maximize", (), "share", asked=_TWO, within=_SHARE),
    "recall": Metric("maximize", (), "share", asked=_TWO, within=_SHARE),
    "mcc": Metric("maximize", (), "its own", asked=_TWO, within=(-1.0, 1.0), decided=True),
    "brier": Metric("minimize", (), "its own", asked=_TWO),
    "top5_accuracy": Metric(
        "maximize", (), "share of the rows", asked=("multiclass",), least_classes=6, beside=("accuracy",)
    ),
    "median_error": Metric("minimize", (), "its own", asked=_QUANTITIES),
    "mape": Metric("minimize", (), "share", asked=_QUANTITIES),
}
"""What is measured beside `loss`. Formulas are in `training/formulas.py`."""

_LOSS = Metric("minimize", _ALL, "its own")
_COST = Metric("minimize", (), "its own", asked=_TWO, decided=True)
_PINBALL = Metric("minimize", (), "its own", asked=("regression",))


def find_metric(name: str) -> Metric | None:
    """By its name without `val_`, also by one that says more: `cost(fn=10,fp=1)`, `pinball@0.9`.

    None where it is no metric.
    """
    if name in METRICS:
        return METRICS[name]
    if name.startswith(f"{COST}("):
        return _COST
    if quantile_in(name) is not None:
        return _PINBALL
    own = own_metric_in(name)
    return None if own is None else Metric(own.direction, (), "its own", asked=_ALL)


def metric_of(name: str) -> Metric:
    """That of `accuracy`, `val_accuracy` or `test_accuracy`; what is no metric is taken for a loss."""
    return find_metric(name.removeprefix("val_").removeprefix("test_")) or _LOSS


def in_order(names: Collection[str]) -> list[str]:
    """The metrics among `names`, which have no `val_`, as they are told: those of `METRICS` first."""
    return [name for name in METRICS if name in names] + sorted(
        name for name in names if name not in METRICS and find_metric(name)
    )


def metrics_of(task: str) -> tuple[str, ...]:
    """Names of what is measured each epoch of every study beside `loss`, for train and validation rows."""
    return tuple(name for name, metric in METRICS.items() if task in metric.tasks)


def asked_of(task: str, classes: int) -> tuple[str, ...]:
    """Names of what a study of so many classes may be compared by, and measures then alone."""
    return tuple(
        name for name, metric in METRICS.items() if task in metric.asked and classes >= metric.least_classes
    )


def sees_all_outputs(task: str, names: Collection[str]) -> bool:
    """Whether one of these metrics needs the class of each row and all of its outputs, which few studies record."""
    return task == "multiclass" and any(task in metric_of(name).asked for name in names)


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
