"""Compare a model's answers with what rows really are. Tables are read in pieces, of which a few numbers a row stay."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from search.answering.drift import drifts
from search.answering.evaluation import Evaluation, Measured, Residuals
from search.answering.labels import MISSING, Classes, quantities
from search.answering.new_rows import open_rows
from search.answering.remarks import refuse_unreadable, remarks
from search.conclusion.statistics.intervals import wilson
from search.conclusion.statistics.of_all_rows import interval_of_auc, interval_of_median, interval_of_r2
from search.conclusion.statistics.over_rows import interval_over_rows
from search.data import DataRequest, DataSpec, fingerprint_source
from search.errors import InputError
from search.models.saved_model import SavedModel, answers_of
from search.settings.metrics import METRICS, asked_of
from search.training.measures import logs_of, scores_of
from search.training.network.recorded import COLUMNS, recorded

if TYPE_CHECKING:
    from search.answering.predicting import Progress
    from search.data.rows.raw import Array

# Metrics that see all outputs of a row keep them all, of more classes too many.
_MOST_OUTPUTS = 100
# What a float32 answer of 0 or, with two classes, 1 minus 1 stands for: as numbers they would be infinitely wrong.
_LEAST = float(np.finfo(np.float32).tiny)
_LEAST_OF_TWO = 2.0**-25
_TRAINED_ON = (
    "these are the rows that the model was searched and trained on, so its answers are better than on new ones; "
    "`perceptuna finalize` tests on rows that nothing has seen"
)


def evaluate(
    saved: SavedModel,
    request: DataRequest,
    *,
    threads: int,
    at_once: int | None = None,
    progress: Progress = lambda done, total: None,
) -> Evaluation:
    """What the model's answers for the rows of a source are worth, where the source has the target.

    Raises:
        InputError: the source does not fit the model or cannot be read, or no row has a target that is known.
    """
    spec = saved.spec
    rows = open_rows(request, spec, with_labels=True)
    kept: _Quantities | _ClassAnswers = (
        _Quantities(spec) if spec.task == "regression" else _ClassAnswers(spec, Classes(spec))
    )
    answer = answers_of(saved, threads)
    done = 0
    for piece in rows.pieces(at_once or rows.at_once):
        kept.add(answer(piece.x), piece.labels)
        done += len(piece.x)
        progress(done, rows.total)
    refuse_unreadable(request.source, rows.found, spec)
    told = (*rows.notes, *remarks(rows.found, spec))
    if fingerprint_source(request) == spec.fingerprint:
        told = (_TRAINED_ON, *told)
    drift = drifts(rows.found, spec) if spec.kind == "table" else None
    return kept.evaluation(request.source, {"drift": drift, "remarks": told})


@dataclass
class _ClassAnswers:
    """Rows of classes: what is recorded of those of a known class, and how often each is answered for each."""

    spec: DataSpec
    classes: Classes
    tables: list[Array] = field(default_factory=list)
    unlabelled: int = 0

    def __post_init__(self) -> None:
        count = len(self.spec.class_names)
        self.confusion = np.zeros((count, count), dtype=np.int64)

    def add(self, probabilities: Array, labels: Any) -> None:
        numbers = self.classes.numbers(labels)
        known = numbers >= 0
        self.unlabelled += int((numbers == MISSING).sum())
        probabilities, numbers = probabilities[known].astype(np.float64), numbers[known]
        np.add.at(self.confusion, (numbers, probabilities.argmax(axis=1)), 1)
        self.tables.append(recorded(_logits(probabilities, self.spec), numbers, self.spec, _asked(self.spec)))

    def evaluation(self, source: str, more: dict[str, Any]) -> Evaluation:
        table, unseen = np.concatenate(self.tables), self.classes.unseen
        if not len(table):
            raise InputError(
                f"no row of {source} has a class that the model knows: {', '.join(self.spec.class_names[:20])}"
            )
        measured = [
            one
            if one.metric != "accuracy" or not unseen
            else self._with_unseen(one, len(table), unseen.total())
            for one in _measured(table, self.spec)
        ]
        rows = len(table) + unseen.total()
        return Evaluation(
            rows,
            self.unlabelled,
            tuple(measured),
            self.spec.class_names,
            self.confusion,
            tuple(unseen.most_common()),
            **more,
        )

    @staticmethod
    def _with_unseen(accuracy: Measured, known: int, unseen: int) -> Measured:
        """Of all rows: a class that the model does not know, it gets wrong."""
        value = accuracy.value * known / (known + unseen)
        return Measured("accuracy", value, wilson(value, known + unseen))


@dataclass
class _Quantities:
    """Rows of quantities. How their targets are written is asked of all of them at once, as `run` does."""

    spec: DataSpec
    answers: list[Array] = field(default_factory=list)
    labels: list[Any] = field(default_factory=list)

    def add(self, answers: Array, labels: Any) -> None:
        self.answers.append(answers.astype(np.float64))
        self.labels.append(labels)

    def evaluation(self, source: str, more: dict[str, Any]) -> Evaluation:
        import pandas as pd

        name = f"target '{self.spec.target}' of {source}" if self.spec.target else f"y of {source}"
        target = quantities(pd.concat([pd.Series(labels) for labels in self.labels], ignore_index=True), name)
        answers, known = np.concatenate(self.answers), ~np.isnan(target)
        if not known.any():
            raise InputError(f"{name} has no value in any row; there is nothing to compare answers with")
        error = answers[known] - target[known]
        mean, std = self.spec.target_mean, self.spec.target_std
        table = recorded((answers[known] - mean) / std, (target[known] - mean) / std, self.spec)
        deviation = float(error.std(ddof=1)) if len(error) > 1 else None
        residuals = Residuals(float(error.mean()), float(np.median(error)), deviation)
        measured = tuple(_measured(table, self.spec))
        return Evaluation(len(error), int((~known).sum()), measured, residuals=residuals, **more)


def _logits(probabilities: Array, spec: DataSpec) -> Array:
    """As `recorded` takes them: (rows,) with two classes, else (rows, classes); probabilities are float64."""
    if spec.task == "binary":
        yes = probabilities[:, 1]
        return np.asarray(np.log(np.maximum(yes, _LEAST)) - np.log(np.maximum(1 - yes, _LEAST_OF_TWO)))
    return np.log(np.maximum(probabilities, _LEAST))


def _measured(table: Array, spec: DataSpec) -> list[Measured]:
    """All metrics of the task, in one order; `auc` where there are rows of two classes."""
    logs = logs_of(table, spec, _asked(spec))
    return [
        Measured(metric, logs[metric], _interval(metric, logs[metric], table, spec))
        for metric in METRICS
        if metric in logs
    ]


def _asked(spec: DataSpec) -> tuple[str, ...]:
    """Beside those that every study measures."""
    classes = len(spec.class_names)
    return asked_of(spec.task, classes) if classes <= _MOST_OUTPUTS else ()


def _interval(metric: str, value: float, table: Array, spec: DataSpec) -> tuple[float, float] | None:
    if not np.isfinite(table).all():
        return None
    columns = dict(zip(COLUMNS[spec.task], table.T, strict=False))
    if metric == "auc" and spec.task == "binary":
        return interval_of_auc(columns["logit"], columns["label"] > 0)
    if metric == "r2":
        return interval_of_r2(columns["absolute_error"], columns["target"])
    if metric == "median_error":
        return interval_of_median(columns["absolute_error"] * spec.target_std)
    return interval_over_rows(metric, value, scores_of(table, metric, spec))
