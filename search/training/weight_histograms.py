"""A callback that writes weights and model for TensorBoard."""

from __future__ import annotations

from typing import Any

import keras


class WeightHistograms(keras.callbacks.TensorBoard):
    """Histograms of all weights after each epoch, counted from 1, and the layers of the model, in `FOLDER/train`.

    Keras's own, without its scalars: under names of its own, they would draw further charts of one trial alone.
    """

    def __init__(self, folder: str) -> None:
        super().__init__(folder, histogram_freq=1, write_graph=True)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        super().on_epoch_end(epoch + 1)

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        super().on_test_end({})
