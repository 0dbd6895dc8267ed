"""Loss and metrics inside the compiled epoch: sums over batches, and the logs that Keras would make of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from search.data import DataSpec

Tensor = Any

# Keras's default of AUC.
_THRESHOLDS = 200


@dataclass(frozen=True)
class Measures:
    """What one task measures. `outputs` are logits, or the standardised prediction; (batch, units) float32."""

    task: str

    def losses(self, outputs: Tensor, y: Tensor, smoothing: Tensor | None) -> Tensor:
        """The loss of each row (batch,), without L2; with label smoothing (Szegedy et al. 2016, sec. 7)."""
        if self.task == "regression":
            return tf.square(outputs[:, 0] - y)
        if self.task == "binary":
            labels = tf.cast(y, tf.float32)
            if smoothing is not None:
                labels = labels * (1.0 - smoothing) + 0.5 * smoothing
            return tf.nn.sigmoid_cross_entropy_with_logits(labels, outputs[:, 0])
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, outputs)
        if smoothing is None:
            return losses
        of_label = tf.gather(outputs, y, batch_dims=1)
        return losses + smoothing * (of_label - tf.reduce_mean(outputs, 1))

    def zeros(self) -> tuple[Tensor, ...]:
        """Where sums over no rows start."""
        if self.task == "multiclass":
            return (tf.zeros([2]),)
        if self.task == "binary":
            return tf.zeros([2]), tf.zeros([2, _THRESHOLDS])
        return (tf.zeros([4]),)

    def add(self, sums: tuple[Tensor, ...], outputs: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        """`sums` and those of one more batch."""
        if self.task == "regression":
            error = outputs[:, 0] - y
            terms = tf.stack([tf.abs(error), tf.square(error), y, tf.square(y)])
            return (sums[0] + tf.reduce_sum(terms, 1),)
        crossentropy = tf.reduce_sum(self.losses(outputs, y, None))
        if self.task == "multiclass":
            right = tf.equal(tf.argmax(outputs, 1, output_type=tf.int32), y)
            return (sums[0] + tf.stack([_count(right), crossentropy]),)
        logits = outputs[:, 0]
        right = tf.equal(logits > 0, y > 0)
        # Keras's buckets: a prediction exceeds the thresholds below its own bucket.
        bucket = tf.cast(tf.nn.relu(tf.math.ceil(tf.sigmoid(logits) * (_THRESHOLDS - 1)) - 1), tf.int32)
        positive = tf.cast(y, tf.float32)
        buckets = tf.stack(
            [
                tf.math.unsorted_segment_sum(positive, bucket, _THRESHOLDS),
                tf.math.unsorted_segment_sum(1.0 - positive, bucket, _THRESHOLDS),
            ]
        )
        return sums[0] + tf.stack([_count(right), crossentropy]), sums[1] + buckets

    def logs(self, sums: tuple[Any, ...], rows: int, spec: DataSpec) -> dict[str, float]:
        """Metrics by Keras's names, from sums over `rows` rows."""
        totals = np.asarray(sums[0], np.float64)
        if self.task == "regression":
            absolute, squared, y, y_squared = totals
            spread = y_squared - y * y / rows
            return {
                "mae": float(absolute / rows * spec.target_std),
                "r2": float(1 - squared / spread) if spread > 0 else 0.0,
            }
        logs = {"accuracy": float(totals[0] / rows), "crossentropy": float(totals[1] / rows)}
        if self.task == "binary":
            logs["auc"] = _area_under_roc(np.asarray(sums[1], np.float64))
        return logs


def _count(flags: Tensor) -> Tensor:
    return tf.reduce_sum(tf.cast(flags, tf.float32))


def _area_under_roc(buckets: np.ndarray) -> float:
    """Trapezoids under the curve of true against false positive rate (Fawcett 2006, algorithm 2).

    Args:
        buckets: positives and negatives by bucket of the prediction, (2, thresholds).
    """
    above = np.cumsum(buckets[:, ::-1], axis=1)[:, ::-1]
    totals = buckets.sum(axis=1, keepdims=True)
    if not totals.all():
        return 0.0
    true_rate, false_rate = above / totals
    return float(np.sum((false_rate[:-1] - false_rate[1:]) * (true_rate[:-1] + true_rate[1:]) / 2))
