"""What `fit` minimises for a network of the user's own that is not compiled by them."""

from __future__ import annotations

from typing import Any

import keras

from search.data import DataSpec
from spaces import Hyperparameters


def loss_of(hyperparameters: Hyperparameters, spec: DataSpec) -> keras.losses.Loss:
    """Of class numbers (rows,) and probabilities, or of standardised targets and answers."""
    smoothing = hyperparameters.label_smoothing
    if spec.task == "regression":
        return keras.losses.MeanSquaredError()
    if spec.task == "binary":
        return keras.losses.BinaryCrossentropy(label_smoothing=smoothing)
    return _Crossentropy(smoothing) if smoothing else keras.losses.SparseCategoricalCrossentropy()


class _Crossentropy(keras.losses.Loss):
    """Of class numbers, with label smoothing (Szegedy et al. 2016, sec. 7); Keras smooths one-hot labels alone."""

    def __init__(self, smoothing: float) -> None:
        super().__init__()
        self._smoothing = smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        labels = keras.ops.cast(keras.ops.reshape(y_true, (-1,)), "int32")
        one_hot = keras.ops.one_hot(labels, y_pred.shape[-1], dtype=y_pred.dtype)
        return keras.losses.categorical_crossentropy(one_hot, y_pred, label_smoothing=self._smoothing)
