"""A Keras callback that writes the weights of each epoch, and the model, for TensorBoard."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


class WeightHistograms(keras.callbacks.TensorBoard):
    """Histograms of all weights after each epoch, counted from 1, and the graph of the model, in `FOLDER/train`.

    Keras's own, without its scalars: under names of its own, they would draw further charts of one trial alone.
    """

    def __init__(self, folder: str) -> None:
        super().__init__(folder, histogram_freq=1, write_graph=True)

    def set_model(self, model: keras.Model) -> None:
        """Writes the layers as Keras does, and the operations, which it would take from `fit`.

        TensorBoard asks for operations first, and shows an error where it has layers alone.
        """
        super().set_model(model)
        x = model.inputs[0]
        graph = tf.function(model).get_concrete_function(tf.TensorSpec(x.shape, x.dtype, "x")).graph
        writer = tf.summary.create_file_writer(f"{self.log_dir}/train")
        with writer.as_default():
            tf.summary.graph(graph)
        writer.close()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        super().on_epoch_end(epoch + 1)

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        super().on_test_end({})
