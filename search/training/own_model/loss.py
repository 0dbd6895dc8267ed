"""What `fit` minimises for a network of the user's own that is not compiled by them."""

from __future__ import annotations

from typing import Any

import keras

from search.data import DataSpec
from spaces import Hyperparameters


def loss_of(
    hyperparameters: Hyperparameters, spec: DataSpec, quantile: float | None = None
) -> keras.losses.Loss:
    """Of class numbers (rows,) and probabilities, or of standardised targets and answers: of the mean or a quantile."""
    smoothing = hyperparameters.label_smoothing
    if spec.of_quantities:
        return keras.losses.MeanSquaredError() if quantile is None else _Pinball(quantile)
    if spec.task in ("binary", "multilabel"):
        return keras.losses.BinaryCrossentropy(label_smoothing=smoothing)
    return _Crossentropy(smoothing) if smoothing else keras.losses.SparseCategoricalCrossentropy()


class _Pinball(keras.losses.Loss):
    """The quantile of the targets at `level` makes it least (Koenker & Bassett 1978)."""

    def __init__(self, level: float) -> None:
        super().__init__()
        self._level = level

    def call(self, y_true: Any, y_pred: Any) -> Any:
        missed = keras.ops.reshape(y_true, (-1,)) - keras.ops.reshape(y_pred, (-1,))
        return keras.ops.maximum(self._level * missed, (self._level - 1.0) * missed)


class _Crossentropy(keras.losses.Loss):
    """Of class numbers, with label smoothing (Szegedy et al. 2016, sec. 7); Keras smooths one-hot labels alone."""

    def __init__(self, smoothing: float) -> None:
        super().__init__()
        self._smoothing = smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        labels = keras.ops.cast(keras.ops.reshape(y_true, (-1,)), "int32")
        one_hot = keras.ops.one_hot(labels, y_pred.shape[-1], dtype=y_pred.dtype)
        return keras.losses.categorical_crossentropy(one_hot, y_pred, label_smoothing=self._smoothing)
