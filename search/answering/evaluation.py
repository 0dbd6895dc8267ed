"""How good a model's answers are, as facts: metrics with intervals, classes that are mixed up, errors, drift."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from search.answering.drift import Drift
from search.answering.explaining.explanation import Explanation
from search.conclusion.statistics.intervals import Interval
from search.data.rows.raw import Array
from search.study.look import Coverage

MOST_CLASSES = 10
MOST_PAIRS = 10


@dataclass(frozen=True)
class Measured:
    """A metric, and its 95 % interval where the rows show one."""

    metric: str
    value: float
    interval: Interval | None


@dataclass(frozen=True)
class ClassAnswers:
    """How the rows of a class were answered; a share is None where nothing is divided."""

    name: str
    rows: int
    predicted: int
    precision: float | None
    recall: float | None


@dataclass(frozen=True)
class Residuals:
    """Answers minus targets, in the target's units; `deviation` is their standard deviation (of rows - 1)."""

    mean: float
    median: float
    deviation: float | None


@dataclass(frozen=True)
class Evaluation:
    """`rows` have a target; `unlabelled` rows have none and are left out.

    `confusion` is int (classes, classes), a line for what rows are, a column for what was answered. `unseen` has the
    rows of each target value that training never saw: wrong, and left out of what is made of probabilities.
    Of two classes the second is answered above the probability `threshold`. Of several `targets` each has its own by
    name, of the rows that have a value of it; `metrics` are of the rows that have them all.
    """

    rows: int
    unlabelled: int
    metrics: tuple[Measured, ...]
    class_names: tuple[str, ...] = ()
    confusion: Array | None = None
    unseen: tuple[tuple[str, int], ...] = ()
    residuals: Residuals | None = None
    drift: tuple[Drift, ...] | None = None
    remarks: tuple[str, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    explanation: Explanation | None = None
    threshold: float | None = None
    targets: tuple[tuple[str, Evaluation], ...] = ()

    def classes(self) -> list[ClassAnswers]:
        """In the order of the classes; none for quantities."""
        counts = np.zeros((0, 0), dtype=np.int64) if self.confusion is None else self.confusion
        right, rows, predicted = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
        return [
            ClassAnswers(
                name,
                int(rows[at]),
                int(predicted[at]),
                _share(right[at], predicted[at]),
                _share(right[at], rows[at]),
            )
            for at, name in enumerate(self.class_names)
        ]

    def mixed_up(self) -> list[tuple[str, str, int]]:
        """The commonest mistakes: what it is, what was answered, in how many rows."""
        if self.confusion is None:
            return []
        wrong = self.confusion - np.diag(self.confusion.diagonal())
        commonest = np.argsort(-wrong, axis=None, kind="stable")[:MOST_PAIRS]
        pairs = [divmod(int(at), len(self.class_names)) for at in commonest]
        names = self.class_names
        return [(names[is_], names[said], int(wrong[is_, said])) for is_, said in pairs if wrong[is_, said]]

    def to_json(self) -> dict[str, Any]:
        metrics = {
            one.metric: {"value": _finite(one.value), "interval": one.interval and list(one.interval)}
            for one in self.metrics
        }
        told: dict[str, Any] = {"rows": self.rows, "rows_without_target": self.unlabelled, "metrics": metrics}
        if self.threshold is not None:
            told["threshold"] = self.threshold
        if self.confusion is not None:
            told["classes"] = [vars(one) for one in self.classes()]
            if len(self.class_names) <= MOST_CLASSES:
                told["confusion"] = self.confusion.tolist()
            told["mixed_up"] = [
                {"class": is_, "prediction": said, "rows": rows} for is_, said, rows in self.mixed_up()
            ]
            told["never_seen"] = dict(self.unseen)
        if self.residuals is not None:
            told["residuals"] = {name: _finite(value) for name, value in vars(self.residuals).items()}
        if self.targets:
            of_each = ((name, one.to_json()) for name, one in self.targets)
            told["targets"] = {name: _without_remarks(one) for name, one in of_each}
        if self.drift is not None:
            told["drift"] = [one.to_json() for one in self.drift]
        if self.coverage:
            told["coverage"] = [one.model_dump(mode="json") for one in self.coverage]
        if self.explanation is not None:
            told["explanation"] = self.explanation.to_json()
        return {**told, "remarks": list(self.remarks)}


def _without_remarks(told: dict[str, Any]) -> dict[str, Any]:
    """They are told of all targets together."""
    return {name: value for name, value in told.items() if name != "remarks"}


def _share(part: int, whole: int) -> float | None:
    return float(part) / float(whole) if whole else None


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
