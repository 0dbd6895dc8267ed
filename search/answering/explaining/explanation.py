"""What a model goes by, as facts: importances of columns, answers along a column, rows that are answered most wrong."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

PREDICTION_OF = "prediction of "
"""What the answers of several quantities are called by, with the name of each."""


@dataclass(frozen=True)
class Importance:
    """How much worse the metric is when a column is shuffled, in the metric's unit: the mean over shuffles.

    `error` is its standard error over shuffles alone; other rows would differ by more.
    """

    column: str
    worse: float
    error: float


@dataclass(frozen=True)
class Point:
    """A value of a column, and the mean answer if all rows had it: one number for each of `Explanation.answers`."""

    value: str
    answers: tuple[float, ...]


@dataclass(frozen=True)
class Dependence:
    """What is answered on average along one column, all else of the rows as it is (Friedman 2001, sec. 8.2)."""

    column: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class WrongRow:
    """A row that is answered wrong, and how much: by its absolute error, or its cross-entropy.

    `row` counts the rows of the source from 1; None where rows were split since. `file` is an image's. `values` are
    those of the most important columns.
    """

    row: int | None
    file: str | None
    target: str
    answer: str
    wrong: float
    values: dict[str, str]


@dataclass(frozen=True)
class Explanation:
    """`rows` of `of` rows were looked at, each column shuffled `shuffles` times.

    Where every row counts, `value` is the `metric` of the rows that were looked at, as they are. `answers` names the
    numbers of each point: classes, or the prediction. Importances are the largest first. Images have neither
    importances nor dependences.
    """

    rows: int
    of: int
    metric: str
    value: float
    shuffles: int
    importances: tuple[Importance, ...]
    answers: tuple[str, ...]
    dependences: tuple[Dependence, ...]
    wrong: tuple[WrongRow, ...]

    @property
    def of_quantities(self) -> bool:
        """Whether answers are predictions, and no probabilities."""
        return self.answers == ("prediction",) or all(name.startswith(PREDICTION_OF) for name in self.answers)

    def to_json(self) -> dict[str, Any]:
        """Plain values; a number that is none is null."""
        told: dict[str, Any] = _plain(asdict(self))
        return told


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
