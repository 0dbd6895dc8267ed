"""What the best trial's model answers for rows that did not train it, as facts of the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from search.analysis.facts.table_rows import Row
from search.answering.evaluation import ClassAnswers, Evaluation
from search.answering.explaining.recorded_answers import recorded_answers
from search.conclusion.statistics.intervals import Interval
from search.conclusion.statistics.over_rows import interval_over_rows
from search.data import DataSpec
from search.data.rows.raw import Array
from search.errors import InputError
from search.machine.cores import available_cores
from search.models.intervals import USUAL_LEVEL, Intervals, intervals_of
from search.models.saved_model import classes_answered, model_of_study, open_model
from search.models.validation_answers import other_rows
from search.study.study import Study
from search.study.unchanged import unchanged_data
from search.text.formats import number
from search.training.measures import logs_of, scores_of
from search.training.network.recorded import target_table

MOST_CLASSES = 20
MOST_TARGETS = 10
_OF_QUANTITIES = ("rmse", "mae", "r2")
_OF_LABELS = ("accuracy", "crossentropy", "f1", "auc")
CLASS_HEADERS = ("class", "rows", "answered", "precision", "recall", "F1")


@dataclass(frozen=True)
class Answers:
    """Probabilities (rows, classes) or quantities (rows,), and what the rows are: class numbers or quantities, (rows,).

    Of several targets (rows, targets) both.

    The second of two classes is answered above the probability `threshold`. `weights` say how much each row counts in
    the metric, (rows,); pictures and the table of classes count each row once. `mark` begins what pictures are known by
    in the page.
    """

    spec: DataSpec
    answers: Array
    y: Array
    threshold: float = 0.5
    weights: Array | None = None
    mark: str = ""

    @cached_property
    def answered(self) -> Array:
        """The class that is answered for each row, (rows,)."""
        return classes_answered(self.answers, self.spec, self.threshold)

    @cached_property
    def evaluation(self) -> Evaluation:
        """Which classes are answered for which."""
        count = len(self.spec.class_names)
        confusion = np.zeros((count, count), dtype=np.int64)
        np.add.at(confusion, (self.y, self.answered), 1)
        return Evaluation(len(self.y), 0, (), self.spec.class_names, confusion)

    @cached_property
    def class_rows(self) -> list[Row]:
        """A row for each class; of many, for those with the least recall."""
        of_classes: Sequence[ClassAnswers] = self.evaluation.classes()
        if len(of_classes) > MOST_CLASSES:
            there = [one for one in of_classes if one.rows]
            of_classes = sorted(there, key=lambda one: one.recall or 0.0)[:MOST_CLASSES]
        return [
            (
                one.name,
                f"{one.rows:,}",
                f"{one.predicted:,}",
                number(one.precision),
                number(one.recall),
                number(_f1(one)),
            )
            for one in of_classes
        ]

    @property
    def target_headers(self) -> tuple[str, ...]:
        return ("target", *(_OF_QUANTITIES if self.spec.of_quantities else _OF_LABELS))

    @cached_property
    def target_rows(self) -> list[Row]:
        """A row for each of several targets, with its own metrics, quantities in their units; the first of many."""
        _, *metrics = self.target_headers
        table = recorded_answers(self.answers, self.y, self.spec, metrics)
        rows: list[Row] = []
        for place, one in enumerate(self.spec.targets[:MOST_CLASSES]):
            alone = self.spec.of_target(place)
            logs = logs_of(target_table(table, place, self.spec), alone, metrics, self.weights)
            rows.append((one.name, *(number(logs.get(metric)) for metric in metrics)))
        return rows

    def of_targets(self) -> list[Answers]:
        """Each of several targets as if it was the only one; the first of many."""
        return [self._of_target(place) for place in range(len(self.spec.targets[:MOST_TARGETS]))]

    def _of_target(self, place: int) -> Answers:
        answers = self.answers[:, place]
        if not self.spec.of_quantities:
            answers = np.stack([1 - answers, answers], axis=1)
        return replace(
            self,
            spec=self.spec.of_target(place),
            answers=answers,
            y=self.y[:, place],
            mark=f"target-{place + 1}-",
        )

    def interval(self, metric: str) -> Interval | None:
        """95 % of the metric by these rows, if they had chosen nothing; None where rows tell none."""
        table = recorded_answers(self.answers, self.y, self.spec, (metric,))
        plain = self.spec.with_plain_target()
        value = logs_of(table, plain, (metric,), self.weights).get(metric, float("nan"))
        scores = scores_of(table, metric, plain, self.weights)
        return interval_over_rows(metric, value, scores, self.weights)

    @cached_property
    def errors(self) -> Array:
        """Prediction minus target, in the target's units, float64 (rows,)."""
        return np.asarray(self.answers - self.y, dtype=np.float64)

    @cached_property
    def intervals(self) -> Intervals:
        """By these very rows."""
        return intervals_of(self.answers, self.y)

    @property
    def level(self) -> float | None:
        """Of the intervals that are drawn; None where rows are too few for them."""
        return USUAL_LEVEL if USUAL_LEVEL in self.intervals.halves else None


def answers_of(study: Study) -> Answers | str:
    """Of the model that is kept; or why there are none, in words. Of folds each network answers the rows it judged.

    TensorFlow is started only where there is a model and the data is as it was.
    """
    if study.companion_of is not None:
        return f"this study has trainings about study '{study.companion_of}', whose report tells of its model"
    try:
        saved = model_of_study(study)
        data = unchanged_data(study, study.settings)
        known = other_rows(open_model(saved, available_cores()), data, study.settings.folds)
    except InputError as error:
        return str(error)
    return Answers(study.data, known.answers, known.y, saved.threshold, known.weights)


def _f1(one: ClassAnswers) -> float | None:
    """0 where none of its rows is found; None where it has no rows and is not answered."""
    if not one.rows + one.predicted:
        return None
    return 2 * (one.recall or 0.0) * one.rows / (one.rows + one.predicted)
