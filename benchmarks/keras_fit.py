"""What `fit` minimises and measures, as a user of Keras would write it: benchmarks race it, tests compare with it.

No training of perceptuna runs any of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from search.data import DataSpec


@keras.saving.register_keras_serializable("perceptuna")
class SmoothedCrossentropy(keras.losses.Loss):
    """Categorical cross-entropy of integer labels with label smoothing (Szegedy et al. 2016, sec. 7).

    Keras smooths one-hot labels only; making them here keeps labels at 4 bytes a row.
    y_true: (batch,) or (batch, 1) integer; y_pred: (batch, classes) probabilities.
    """

    def __init__(self, label_smoothing: float, name: str = "smoothed_crossentropy", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        labels = keras.ops.cast(keras.ops.reshape(y_true, (-1,)), "int32")
        one_hot = keras.ops.one_hot(labels, y_pred.shape[-1], dtype=y_pred.dtype)
        return keras.losses.categorical_crossentropy(one_hot, y_pred, label_smoothing=self.label_smoothing)


@keras.saving.register_keras_serializable("perceptuna")
class TargetUnitsMAE(keras.metrics.MeanAbsoluteError):
    """Mean absolute error in the target's own units, of a target that was divided by `std`."""

    def __init__(self, std: float, name: str = "mae", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.std = std

    def result(self) -> Any:
        return super().result() * self.std


@keras.saving.register_keras_serializable("perceptuna")
class TargetUnitsRMSE(keras.metrics.RootMeanSquaredError):
    """Root of the mean squared error in the target's own units, of a target that was divided by `std`."""

    def __init__(self, std: float, name: str = "rmse", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.std = std

    def result(self) -> Any:
        return super().result() * self.std


@keras.saving.register_keras_serializable("perceptuna")
class ExactAUC(keras.metrics.Metric):
    """Area under the ROC curve of all rows seen, by the sum of their ranks, ties as half; NaN without both classes.

    Keras's own sorts predictions into 200 buckets: rare positives, whose probabilities are all small, share one.
    y_true: (batch, 1) of 0 and 1; y_pred: (batch, 1) probabilities; a row counts as its `sample_weight`.
    On TensorFlow alone.
    """

    def __init__(self, name: str = "auc", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        # Of open length, which Keras's own variables cannot be. Lines of (prediction, label, weight).
        self._rows = tf.Variable(tf.zeros([0, 3]), shape=[None, 3], trainable=False)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        weights = tf.ones_like(y_pred, tf.float32) if sample_weight is None else sample_weight
        lines = [tf.reshape(tf.cast(part, tf.float32), [-1]) for part in (y_pred, y_true, weights)]
        self._rows.assign(tf.concat([self._rows, tf.stack(lines, axis=1)], axis=0))

    def result(self) -> Any:
        predictions, labels, weights = tf.unstack(self._rows, num=3, axis=1)
        values, place = tf.unique(predictions)
        count, order = tf.size(values), tf.argsort(values)
        positives, negatives = (
            tf.gather(tf.math.unsorted_segment_sum(tf.cast(of, tf.float64), place, count), order)
            for of in (weights * labels, weights * (1.0 - labels))
        )
        below = tf.cumsum(negatives, exclusive=True)
        pairs = tf.reduce_sum(positives) * tf.reduce_sum(negatives)
        return tf.cast(tf.reduce_sum(positives * (below + negatives / 2)) / pairs, tf.float32)

    def reset_state(self) -> None:
        self._rows.assign(tf.zeros([0, 3]))


class _OfEachTarget(keras.metrics.Metric):
    """The mean over targets of a metric that is made for each; y_true and y_pred: (batch, targets)."""

    def __init__(self, make: Callable[[], keras.metrics.Metric], targets: int, name: str) -> None:
        super().__init__(name=name)
        self._each = [make() for _ in range(targets)]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        for at, one in enumerate(self._each):
            one.update_state(y_true[:, at : at + 1], y_pred[:, at : at + 1], sample_weight)

    def result(self) -> Any:
        return keras.ops.mean(keras.ops.stack([one.result() for one in self._each]))

    def reset_state(self) -> None:
        for one in self._each:
            one.reset_state()


def build_loss(spec: DataSpec, label_smoothing: float) -> keras.losses.Loss:
    """Cross-entropy for classes, mean squared error of the standardised target for regression.

    Of several targets the mean over them, as Keras has it.
    """
    if spec.of_quantities:
        return keras.losses.MeanSquaredError()
    if spec.task in ("binary", "multilabel"):
        return keras.losses.BinaryCrossentropy(label_smoothing=label_smoothing)
    if label_smoothing > 0:
        return SmoothedCrossentropy(label_smoothing)
    return keras.losses.SparseCategoricalCrossentropy()


def build_metrics(spec: DataSpec) -> list[keras.metrics.Metric]:
    """The metrics named by `search.settings.metrics.metrics_of`, in that order.

    `crossentropy` is the loss without the L2 penalty and without label smoothing, so that it can be
    compared between trials that differ in them; `loss` cannot.
    """
    if spec.task == "regression":
        return [
            TargetUnitsRMSE(spec.target_std, name="rmse"),
            TargetUnitsMAE(spec.target_std, name="mae"),
            keras.metrics.R2Score(name="r2"),
        ]
    if spec.task == "multioutput":
        roots = _OfEachTarget(keras.metrics.RootMeanSquaredError, len(spec.targets), "rmse")
        return [roots, keras.metrics.MeanAbsoluteError(name="mae"), keras.metrics.R2Score(name="r2")]
    if spec.task == "multilabel":
        return [
            keras.metrics.BinaryAccuracy(name="accuracy"),
            keras.metrics.BinaryCrossentropy(name="crossentropy"),
        ]
    if spec.task == "binary":
        return [
            keras.metrics.BinaryAccuracy(name="accuracy"),
            keras.metrics.BinaryCrossentropy(name="crossentropy"),
            ExactAUC(name="auc"),
        ]
    return [
        keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
        keras.metrics.SparseCategoricalCrossentropy(name="crossentropy"),
    ]
