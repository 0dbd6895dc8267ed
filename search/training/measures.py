"""Loss and metrics inside the compiled epoch: sums over batches, and the logs that Keras would make of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from search.data import DataSpec

Tensor = Any
Array = np.ndarray[Any, Any]

# Keras's default of AUC.
_THRESHOLDS = 200


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

    def zeros(self) -> tuple[Tensor, ...]:
        """Where sums over no rows start. The first of all sums is the loss."""
        if self.task == "multiclass":
            return (tf.zeros([3]),)
        if self.task == "binary":
            return tf.zeros([3]), tf.zeros([2, _THRESHOLDS])
        return (tf.zeros([5]),)

    def add(
        self, sums: tuple[Tensor, ...], loss: Tensor, crossentropies: Tensor, outputs: Tensor, y: Tensor
    ) -> tuple[Tensor, ...]:
        """`sums` and those of one more batch.

        Args:
            loss: sum over the batch, L2 included.
            crossentropies: the loss of each row without smoothing.
        """
        if self.task == "regression":
            error = outputs[:, 0] - y
            terms = (tf.abs(error), tf.square(error), y, tf.square(y))
            return (sums[0] + tf.stack([loss, *(tf.reduce_sum(term) for term in terms)]),)
        crossentropy = tf.reduce_sum(crossentropies)
        if self.task == "multiclass":
            right = tf.equal(tf.argmax(outputs, 1, output_type=tf.int32), y)
            return (sums[0] + tf.stack([loss, _count(right), crossentropy]),)
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
        return sums[0] + tf.stack([loss, _count(right), crossentropy]), sums[1] + buckets

    def logs(self, sums: tuple[Array, ...], rows: int, spec: DataSpec) -> dict[str, float]:
        """Loss and metrics by Keras's names, in the order of its logs, from sums over `rows` rows."""
        loss, *totals = np.asarray(sums[0], np.float64)
        logs = {"loss": float(loss / rows)}
        if self.task == "regression":
            absolute, squared, y, y_squared = totals
            spread = y_squared - y * y / rows
            logs["mae"] = float(absolute / rows * spec.target_std)
            logs["r2"] = float(1 - squared / spread) if spread > 0 else 0.0
        else:
            logs |= {"accuracy": float(totals[0] / rows), "crossentropy": float(totals[1] / rows)}
        if self.task == "binary":
            logs["auc"] = _area_under_roc(np.asarray(sums[1], np.float64))
        return dict(sorted(logs.items()))


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
