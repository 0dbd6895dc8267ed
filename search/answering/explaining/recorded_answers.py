"""What is recorded of a model's answers, as of a network's, so that metrics are made of both by the same formulas."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from search.training.measures import logs_of
from search.training.network.logits import logits_of
from search.training.network.recorded import recorded

if TYPE_CHECKING:
    from search.data import DataSpec
    from search.data.rows.raw import Array

_USUAL = {"regression": "rmse", "multioutput": "rmse"}


def recorded_answers(answers: Array, y: Array, spec: DataSpec, asked: Collection[str] = ()) -> Array:
    """As `recorded`, of probabilities (rows, classes) and class numbers, or of quantities: float64 (rows, columns).

    Of several targets (rows, targets) of either. Quantities are in their units, however they were learnt: what is
    recorded is of `spec.with_plain_target()`.
    """
    answers = answers.astype(np.float64)
    if spec.of_quantities:
        plain = spec.with_plain_target()
        return recorded(plain.learnt_targets(answers), plain.learnt_targets(y), plain)
    shares = answers[:, 1] if spec.task == "binary" else answers
    return recorded(logits_of(shares, spec.task), y, spec, asked)


def wrongness(answers: Array, y: Array, spec: DataSpec) -> Array:
    """How wrong each row is answered, float64 (rows,): the absolute error, or the cross-entropy.

    Of several targets their mean, of errors in deviations.
    """
    if spec.task == "multioutput":
        return np.abs(spec.learnt_targets(answers.astype(np.float64)) - spec.learnt_targets(y)).mean(axis=1)
    if spec.task == "regression":
        return np.abs(answers.astype(np.float64) - y)
    return recorded_answers(answers, y, spec)[:, 1]


def value_of(
    metric: str,
    answers: Array,
    y: Array,
    spec: DataSpec,
    weights: Array | None = None,
    *,
    threshold: float | None = None,
) -> float:
    """The metric of these rows; NaN where they have none, such as an `auc` of one class.

    `weights` say how much each counts, (rows,); all alike without them. The second of two classes is answered above the
    probability `threshold`; None: as is usual for the metric.
    """
    table = recorded_answers(answers, y, spec, (metric,))
    logs = logs_of(table, spec.with_plain_target(), (metric,), weights, threshold=threshold)
    return logs.get(metric, float("nan"))


def usual_metric(spec: DataSpec) -> str:
    """What answers are judged by where a model does not say what it was chosen by."""
    return _USUAL.get(spec.task, "crossentropy")
