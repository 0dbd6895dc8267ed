"""What a trial minimises and what it measures, by task."""

from __future__ import annotations

from typing import Any

import keras

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


def build_loss(spec: DataSpec, label_smoothing: float) -> keras.losses.Loss:
    """Cross-entropy for classes, mean squared error of the standardised target for regression."""
    if spec.task == "regression":
        return keras.losses.MeanSquaredError()
    if spec.task == "binary":
        return keras.losses.BinaryCrossentropy(label_smoothing=label_smoothing)
    if label_smoothing > 0:
        return SmoothedCrossentropy(label_smoothing)
    return keras.losses.SparseCategoricalCrossentropy()


def build_metrics(spec: DataSpec) -> list[keras.metrics.Metric]:
    """The metrics named by `search.metrics.metrics_of`, in that order.

    `crossentropy` is the loss without the L2 penalty and without label smoothing, so that it can be
    compared between trials that differ in them; `loss` cannot.
    """
    if spec.task == "regression":
        return [TargetUnitsMAE(spec.target_std, name="mae"), keras.metrics.R2Score(name="r2")]
    if spec.task == "binary":
        return [
            keras.metrics.BinaryAccuracy(name="accuracy"),
            keras.metrics.BinaryCrossentropy(name="crossentropy"),
            keras.metrics.AUC(name="auc"),
        ]
    return [
        keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
        keras.metrics.SparseCategoricalCrossentropy(name="crossentropy"),
    ]
