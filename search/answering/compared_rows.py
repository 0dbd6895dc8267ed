"""What is kept of answers whose rows have a target, a few numbers a row, and what these rows come to together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from search.answering.evaluation import Evaluation, Measured, Residuals
from search.answering.explaining.explaining import Answered, answered
from search.answering.explaining.recorded_answers import recorded_answers
from search.answering.labels import MISSING, UNSEEN, Classes, quantities
from search.conclusion.statistics.intervals import wilson
from search.conclusion.statistics.of_all_rows import interval_of_auc, interval_of_median, interval_of_r2
from search.conclusion.statistics.over_rows import interval_over_rows
from search.data import DataSpec
from search.data.columns.weights import refuse_weightless
from search.errors import InputError
from search.models.saved_model import SavedModel
from search.settings.costs import costs_in
from search.settings.metrics import asked_of, in_order
from search.settings.quantiles import quantile_in
from search.training.measures import logs_of, scores_of
from search.training.network.recorded import COLUMNS

if TYPE_CHECKING:
    from search.data.rows.raw import Array

# Metrics that see all outputs of a row keep them all, of more classes too many.
_MOST_OUTPUTS = 100


@dataclass
class AnswersOfClasses:
    """Rows of classes: what is recorded of those of a known class, and how often each is answered for each."""

    saved: SavedModel
    classes: Classes
    tables: list[Array] = field(default_factory=list)
    pieces: list[Answered] = field(default_factory=list)
    weights: list[Array] = field(default_factory=list)
    rows: int = 0
    unlabelled: int = 0
    weight_of_unseen: float = 0.0

    def __post_init__(self) -> None:
        self.spec = self.saved.spec
        count = len(self.spec.class_names)
        self.confusion = np.zeros((count, count), dtype=np.int64)

    def add(self, probabilities: Array, labels: Any, weights: Array | None) -> None:
        numbers = self.classes.numbers(labels)
        known = numbers >= 0
        if weights is not None:
            self.weights.append(weights[known])
            self.weight_of_unseen += float(weights[numbers == UNSEEN].sum())
        self.unlabelled += int((numbers == MISSING).sum())
        probabilities, numbers = probabilities[known].astype(np.float64), numbers[known]
        piece = answered(
            self.rows + np.flatnonzero(known), numbers, probabilities, self.spec, self.saved.threshold
        )
        np.add.at(self.confusion, (numbers, piece.answers), 1)
        self.tables.append(recorded_answers(probabilities, numbers, self.spec, _asked(self.spec)))
        self.pieces.append(piece)
        self.rows += len(known)

    def answered(self) -> Answered:
        """The rows of a class that the model knows."""
        parts = zip(*((one.places, one.y, one.answers, one.wrong) for one in self.pieces), strict=True)
        places, y, answers, wrong = map(np.concatenate, parts)
        return Answered(places, y, answers, wrong, self.known_weights)

    @property
    def known_weights(self) -> Array | None:
        """Of the rows of a class that the model knows, where rows do not count alike."""
        return np.concatenate(self.weights) if self.weights else None

    def evaluation(self, source: str, more: dict[str, Any]) -> Evaluation:
        table, unseen = np.concatenate(self.tables), self.classes.unseen
        has = f"has a class of '{self.spec.target}'" if self.spec.target else "has a class"
        if not len(table) and not unseen:
            raise InputError(f"no row of {source} {has}, that answers could be compared with")
        if not len(table):
            raise InputError(
                f"no row of {source} {has} that the model knows: {', '.join(self.spec.class_names[:20])}"
            )
        weights = self.known_weights
        measured = [
            one if one.metric != "accuracy" or not unseen else self._with_unseen(one, len(table), weights)
            for one in measured_rows(table, self.spec, weights, self.saved)
        ]
        rows = len(table) + unseen.total()
        return Evaluation(
            rows,
            self.unlabelled,
            tuple(measured),
            self.spec.class_names,
            self.confusion,
            tuple(unseen.most_common()),
            threshold=self.saved.threshold if self.spec.task == "binary" else None,
            **more,
        )

    def _with_unseen(self, accuracy: Measured, known: int, weights: Array | None) -> Measured:
        """Of all rows: a class that the model does not know, it gets wrong."""
        if weights is not None:
            counted = float(weights.sum())
            return Measured("accuracy", accuracy.value * counted / (counted + self.weight_of_unseen), None)
        unseen = self.classes.unseen.total()
        value = accuracy.value * known / (known + unseen)
        return Measured("accuracy", value, wilson(value, known + unseen))


@dataclass
class AnswersOfQuantities:
    """Rows of quantities. How their targets are written is asked of all of them at once, as `run` does."""

    saved: SavedModel
    answers: list[Array] = field(default_factory=list)
    labels: list[Any] = field(default_factory=list)
    weights: list[Array] = field(default_factory=list)
    told: Answered | None = None

    def __post_init__(self) -> None:
        self.spec = self.saved.spec

    def answered(self) -> Answered:
        """The rows that have a target, once they are evaluated."""
        assert self.told is not None
        return self.told

    def add(self, answers: Array, labels: Any, weights: Array | None) -> None:
        self.answers.append(answers.astype(np.float64))
        self.labels.append(labels)
        self.weights += [] if weights is None else [weights]

    def evaluation(self, source: str, more: dict[str, Any]) -> Evaluation:
        import pandas as pd

        name = f"target '{self.spec.target}' of {source}" if self.spec.target else f"y of {source}"
        labels = pd.concat([pd.Series(labels) for labels in self.labels], ignore_index=True)
        target = quantities(labels, name, self.spec.target_written)
        answers, known = np.concatenate(self.answers), ~np.isnan(target)
        if not known.any():
            raise InputError(f"{name} has no value in any row; there is nothing to compare answers with")
        answers, target, places = answers[known], target[known], np.flatnonzero(known)
        weights = np.concatenate(self.weights)[known] if self.weights else None
        self.told = replace(answered(places, target, answers, self.spec), weights=weights)
        error = answers - target
        with np.errstate(over="ignore"):  # the square of 1e200, say, is infinite, and told so
            table = recorded_answers(answers, target, self.spec)
            deviation = float(error.std(ddof=1)) if len(error) > 1 else None
        residuals = Residuals(float(error.mean()), float(np.median(error)), deviation)
        measured = tuple(measured_rows(table, self.spec.with_plain_target(), weights, self.saved))
        return Evaluation(len(error), len(known) - len(error), measured, residuals=residuals, **more)


def measured_rows(table: Array, spec: DataSpec, weights: Array | None, saved: SavedModel) -> list[Measured]:
    """All metrics of the task, in one order; `auc` where there are rows of two classes.

    As `saved` answers, with the costs or the quantile that its study was compared by. Of several targets there is no
    interval for what is no mean over rows.
    """
    if weights is not None:
        refuse_weightless(weights, f"'{spec.weight}' of these rows")
    threshold = saved.threshold if spec.task != "regression" else None
    says_more = costs_in(saved.metric) is not None or quantile_in(saved.metric) is not None
    asked = (*_asked(spec), saved.metric) if says_more else _asked(spec)
    logs = logs_of(table, spec, asked, weights, threshold=threshold)
    return [
        Measured(metric, logs[metric], _interval(metric, logs[metric], table, spec, weights, threshold))
        for metric in in_order(logs)
    ]


def _asked(spec: DataSpec) -> tuple[str, ...]:
    """Beside those that every study measures."""
    classes = len(spec.class_names)
    return asked_of(spec.task, classes) if classes <= _MOST_OUTPUTS else ()


def _interval(
    metric: str, value: float, table: Array, spec: DataSpec, weights: Array | None, threshold: float | None
) -> tuple[float, float] | None:
    if not np.isfinite(table).all():
        return None
    if weights is not None:
        return interval_over_rows(metric, value, scores_of(table, metric, spec, weights, threshold), weights)
    if spec.targets:
        return interval_over_rows(metric, value, scores_of(table, metric, spec))
    columns = dict(zip(COLUMNS[spec.task], table.T, strict=False))
    if metric == "auc" and spec.task == "binary":
        return interval_of_auc(columns["logit"], columns["label"] > 0)
    if metric == "r2":
        return interval_of_r2(columns["answer"] - columns["target"], columns["target"])
    if metric == "median_error":
        return interval_of_median(np.abs(columns["answer"] - columns["target"]) * spec.target_std)
    return interval_over_rows(metric, value, scores_of(table, metric, spec, threshold=threshold))
