"""Answers to several targets beside what they are: each as if it was the only one, and all together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from search.answering.compared_rows import AnswersOfClasses, AnswersOfQuantities, measured_rows
from search.answering.evaluation import Evaluation
from search.answering.explaining.explaining import Answered, answered
from search.answering.explaining.recorded_answers import recorded_answers
from search.answering.labels import Classes
from search.errors import InputError
from search.models.saved_model import SavedModel

if TYPE_CHECKING:
    from search.data.rows.raw import Array


@dataclass
class AnswersOfSeveral:
    """`answers` to all rows, (rows, targets), beside those of `each` target that have its value."""

    saved: SavedModel
    answers: list[Array] = field(default_factory=list)
    weights: list[Array] = field(default_factory=list)
    told: Answered | None = None

    def __post_init__(self) -> None:
        spec = self.saved.spec
        self.each: list[AnswersOfClasses | AnswersOfQuantities] = []
        for one in map(spec.of_target, range(len(spec.targets))):
            alone = replace(self.saved, spec=one)
            self.each.append(
                AnswersOfQuantities(alone) if spec.of_quantities else AnswersOfClasses(alone, Classes(one))
            )

    def add(self, answers: Array, labels: Any, weights: Array | None) -> None:
        """Of some rows; `labels` are columns by name, or an array (rows, targets)."""
        self.answers.append(answers.astype(np.float64))
        self.weights += [] if weights is None else [weights]
        for place, (one, of_target) in enumerate(zip(self.each, self.saved.spec.targets, strict=True)):
            column = labels[of_target.name] if hasattr(labels, "columns") else labels[:, place]
            of_one = answers[:, place]
            if not self.saved.spec.of_quantities:
                of_one = np.stack([1 - of_one, of_one], axis=1)
            one.add(of_one, column, weights)

    def answered(self) -> Answered:
        """The rows that have a value of every target, once they are evaluated."""
        assert self.told is not None
        return self.told

    def evaluation(self, source: str, more: dict[str, Any]) -> Evaluation:
        spec, each = self.saved.spec, [one.evaluation(source, {}) for one in self.each]
        places, y = self._rows_of_all()
        answers = np.concatenate(self.answers)
        if not len(places):
            raise InputError(f"no row of {source} has a value of all {len(spec.targets)} targets")
        weights = np.concatenate(self.weights)[places] if self.weights else None
        rows = answered(places, y, answers[places], spec)
        self.told = replace(rows, weights=weights)
        with np.errstate(over="ignore"):  # as of one quantity
            table = recorded_answers(answers[places], y, spec)
        names = [one.name for one in spec.targets]
        return Evaluation(
            rows=len(places),
            unlabelled=len(answers) - len(places),
            metrics=tuple(measured_rows(table, spec, weights, self.saved)),
            targets=tuple(zip(names, each, strict=True)),
            **more,
        )

    def _rows_of_all(self) -> tuple[Array, Array]:
        """Places of the rows that have a known value of every target, and these values, (rows, targets)."""
        found = [one.answered() for one in self.each]
        places = found[0].places
        for one in found[1:]:
            places = np.intersect1d(places, one.places)
        return places, np.stack([one.y[np.searchsorted(one.places, places)] for one in found], axis=1)
