"""Loss and metrics: what the compiled graphs record of each row, and the logs that Keras would make of it.

A graph records a table, a line for each row. Metrics, row scores and AUC are all made of it here, in NumPy and in
float64, so that a metric and the scores of its rows cannot be two things.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from search.data import DataSpec

Tensor = Any
Array = np.ndarray[Any, Any]

_COLUMNS = {
    "regression": ("loss", "absolute_error", "target"),
    "binary": ("loss", "crossentropy", "logit", "label"),
    "multiclass": ("loss", "crossentropy", "right"),
}
# Metrics that are means over rows.
_MEANS = {
    "regression": ("mae",),
    "binary": ("accuracy", "crossentropy"),
    "multiclass": ("accuracy", "crossentropy"),
}


@dataclass(frozen=True)
class Measures:
    """What one task measures. `outputs` are logits, or the standardised prediction; (batch, units) float32."""

    task: str

    def losses(self, outputs: Tensor, y: Tensor, smoothing: Tensor | None) -> tuple[Tensor, Tensor]:
        """The loss of each row (batch,), without L2, and its gradient by the outputs (batch, units).

        With label smoothing (Szegedy et al. 2016, sec. 7) where `smoothing` is given. Written out, because
        the automatic gradient of a mean takes a dozen small kernels.
        """
        if self.task == "regression":
            error = outputs[:, 0] - y
            return tf.square(error), (2.0 * error)[:, None]
        if self.task == "binary":
            labels, logits = tf.cast(y, tf.float32), outputs[:, 0]
            if smoothing is not None:
                labels = labels * (1.0 - smoothing) + 0.5 * smoothing
            losses = tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)
            return losses, (tf.sigmoid(logits) - labels)[:, None]
        if smoothing is None:
            losses, gradient = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=outputs, labels=y)
            return losses, gradient
        classes = tf.shape(outputs)[1]
        other = smoothing / tf.cast(classes, tf.float32)
        labels = tf.one_hot(y, classes, 1.0 - smoothing + other, other)
        losses, gradient = tf.raw_ops.SoftmaxCrossEntropyWithLogits(features=outputs, labels=labels)
        return losses, gradient

    def empty_table(self, batches: Tensor) -> tf.TensorArray:
        """Of as many batches; each `write` of a graph adds one."""
        shape = [None, len(_COLUMNS[self.task])]
        return tf.TensorArray(tf.float32, batches, element_shape=shape, infer_shape=False)

    def record(self, losses: Tensor, crossentropies: Tensor, outputs: Tensor, y: Tensor) -> Tensor:
        """The table's lines of one batch, float32 (batch, columns).

        Args:
            losses: of each row, L2 included.
            crossentropies: the loss of each row without L2 and smoothing.
        """
        if self.task == "regression":
            columns = [losses, tf.abs(outputs[:, 0] - y), y]
        elif self.task == "binary":
            columns = [losses, crossentropies, outputs[:, 0], tf.cast(y, tf.float32)]
        else:
            right = tf.equal(tf.argmax(outputs, 1, output_type=tf.int32), y)
            columns = [losses, crossentropies, tf.cast(right, tf.float32)]
        return tf.stack(columns, axis=1)

    def logs(self, table: Array, spec: DataSpec) -> dict[str, float]:
        """Loss and metrics by Keras's names, in the order of its logs; `auc` where there are rows of both classes.

        Args:
            table: of all rows, (rows, columns).
        """
        logs = {"loss": _mean(self._column(table, "loss"))}
        for metric in _MEANS[self.task]:
            scores = self.scores(table, metric, spec)
            assert scores is not None
            logs[metric] = _mean(scores)
        if self.task == "regression":
            logs["r2"] = _explained(self._column(table, "absolute_error"), self._column(table, "target"))
        if self.task == "binary":
            positive = self._column(table, "label") > 0
            if positive.any() and not positive.all():
                logs["auc"] = area_under_roc(table[:, _COLUMNS["binary"].index("logit")], positive)
        return dict(sorted(logs.items()))

    def scores(self, table: Array, metric: str, spec: DataSpec) -> Array | None:
        """The score of each row, float64 (rows,), whose mean is `metric`; None where a metric is no mean over rows.

        `accuracy`: 1 for right and 0 for wrong, NaN where the network's output is none. `mae`: the absolute error in
        the target's units. `crossentropy`: that of the row, from logits. `loss` (with its L2 penalty), `auc` and
        `r2` belong to all rows together.
        """
        if metric not in _MEANS[self.task]:
            return None
        if metric == "mae":
            return self._column(table, "absolute_error") * spec.target_std
        crossentropies = self._column(table, "crossentropy")
        if metric == "crossentropy":
            return crossentropies
        if self.task == "binary":
            right = (self._column(table, "logit") > 0) == (self._column(table, "label") > 0)
        else:
            right = self._column(table, "right") > 0
        return np.where(np.isnan(crossentropies), np.nan, right)

    def _column(self, table: Array, name: str) -> Array:
        return table[:, _COLUMNS[self.task].index(name)].astype(np.float64)


def area_under_roc(scores: Array, positive: Array) -> float:
    """The share of pairs of a positive and a negative row that `scores` put in order, ties as half (Fawcett 2006).

    Mann & Whitney's statistic (1947), counted in whole numbers. NaN where a score is none.

    Args:
        scores: (rows,).
        positive: bool (rows,), some of them true and some false.
    """
    if np.isnan(scores).any():
        return float("nan")
    above, below = np.sort(scores[positive]), np.sort(scores[~positive])
    # Of each positive row: the negative ones below it, and those below it or tied with it.
    twice_in_order = sum(int(np.searchsorted(below, above, side).sum()) for side in ("left", "right"))
    return twice_in_order / (2 * len(above) * len(below))


def _mean(values: Array) -> float:
    with np.errstate(invalid="ignore", over="ignore"):
        return float(values.mean())


def _explained(absolute_errors: Array, y: Array) -> float:
    """R², 0 where all targets are one value."""
    with np.errstate(invalid="ignore", over="ignore"):
        spread = float(np.square(y - y.mean()).sum())
        return 1 - float(np.square(absolute_errors).sum()) / spread if spread > 0 else 0.0
