"""Metrics: what is made of the table that is recorded of rows, by the names of `settings/metrics.py`.

All of it in NumPy and in float64: metrics, row scores and AUC are of the same table, so that a metric and the scores of
its rows cannot be two things. Compiled graphs record it of networks, `search/references` of scikit-learn's models. A
further metric is a row there and a formula in `formulas.py`. Values are scikit-learn's, with 0 where it would divide
by 0.
"""

from __future__ import annotations

from collections.abc import Collection
from statistics import fmean

import numpy as np

from search.data import DataSpec
from search.settings.metrics import find_metric, metrics_of
from search.settings.own_metrics import own_metric_in
from search.training.decision import Decision, decision_of
from search.training.formulas import BY_PARTS, OF_ALL_ROWS, of_each_row, own_value
from search.training.recorded_rows import Array, RecordedRows


def logs_of(
    table: Array,
    spec: DataSpec,
    asked: Collection[str] = (),
    weights: Array | None = None,
    *,
    of_training: bool = False,
    threshold: float | None = None,
) -> dict[str, float]:
    """Loss and metrics by Keras's names, in the order of its logs; `auc` where there are rows of two classes.

    Of several targets the mean of each one's, errors in deviations of the target.

    Args:
        table: of all rows, (rows, columns), as it is recorded for what is `asked`.
        asked: metrics beside those of every study; what is no metric of the task has no value.
        weights: how much each row counts, (rows,), some of them above 0; all alike without them.
        of_training: whether losses were recorded as they are minimised, each times its weight and with the penalty.
        threshold: the second of two classes is answered above this probability; None: as is usual for each metric.
    """
    rows = RecordedRows(table, spec, _floats(weights), threshold)
    logs = {"loss": (RecordedRows(table, spec) if of_training else rows).mean(rows["loss"])}
    also = (name for name in asked if (of := find_metric(name)) and spec.task in of.asked)
    each = rows.of_each_target()
    for metric in (*metrics_of(spec.task), *also):
        if (own := own_metric_in(metric)) is not None:
            logs[metric] = own_value(own, rows)
            continue
        values = [value for one in each if (value := _value(metric, one)) is not None]
        if values:
            logs[metric] = fmean(values)
    return dict(sorted(logs.items()))


def _value(metric: str, rows: RecordedRows) -> float | None:
    """Of one target. One of several is in deviations where its unit would say how much it counts among them."""
    if of_each := of_each_row(metric):
        value: float | None = rows.mean(of_each(rows))
    elif metric in BY_PARTS:
        value = BY_PARTS[metric][0](rows) if rows.answered else float("nan")
    else:
        value = OF_ALL_ROWS[metric](rows)
    return value if value is None else value / rows.unit_of(metric)


def decision_on(table: Array, metric: str, spec: DataSpec, weights: Array | None = None) -> Decision | None:
    """The threshold for rows of two classes; None for other rows, and where these cannot fit one."""
    if spec.task != "binary":
        return None
    rows = RecordedRows(table, spec, _floats(weights))
    return decision_of(rows["logit"], rows.labels, metric, rows.weights)


def scores_of(
    table: Array,
    metric: str,
    spec: DataSpec,
    weights: Array | None = None,
    threshold: float | None = None,
) -> Array | None:
    """The score of each row, float64 (rows,), whose mean is `metric`; None where rows have none of it.

    `loss` (with its L2 penalty) and the metrics of `OF_ALL_ROWS` belong to all rows together. Scores by `BY_PARTS` are
    the metric and what each row adds to it. With `weights`, scores are the metric and what each row adds to the
    weighted mean, a ratio of two means: their mean is the metric, and its spread that of the metric, to first order
    (the delta method; Cochran 1977, sec. 6.3).
    """
    of = find_metric(metric)
    if of is None or spec.task not in of.tasks + of.asked:
        return None
    rows = RecordedRows(table, spec, _floats(weights), threshold)
    of_targets = [scores for one in rows.of_each_target() if (scores := _scores(metric, one)) is not None]
    if not of_targets:
        return None
    scores = of_targets[0] if len(of_targets) == 1 else np.mean(of_targets, axis=0)
    if rows.weights is None:
        return scores
    value_of_all = rows.mean(scores)
    return value_of_all + rows.weights / rows.weights.mean() * (scores - value_of_all)


def _scores(metric: str, rows: RecordedRows) -> Array | None:
    """Of one target, as `_value`, whose mean is that of unweighted rows."""
    if of_each := of_each_row(metric):
        scores = of_each(rows)
    elif metric not in BY_PARTS:
        return None
    elif rows.answered:
        value, parts = BY_PARTS[metric]
        scores = value(rows) + parts(rows)
    else:
        scores = np.full(len(rows.table), np.nan)
    return scores / rows.unit_of(metric)


def _floats(weights: Array | None) -> Array | None:
    """Of a part of the rows in which none counts, all count alike."""
    return None if weights is None or not weights.any() else np.asarray(weights, dtype=np.float64)
