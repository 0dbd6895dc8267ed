"""Loss and metrics of a model on all rows of a split, as one compiled graph.

It depends on less than a compiled epoch does: trials that differ in optimizer, dropout or shifts share one,
which is a third of what a new structure costs.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from search.training.layers import l2_penalty, moving_batch_norm
from search.training.measures import Measures
from search.training.network.structure import Structure
from search.training.weights import Layout

Tensor = Any

# Without gradients larger batches fit, and cost less dispatch.
BATCH = 1024
# Compiled evaluations kept by a process.
_KEPT = 32


class InferenceStructure(NamedTuple):
    """What an evaluation depends on. `image`: rows come as uint8 pixels; components never do.

    `mirror`: outputs are averaged with those of the mirrored rows.
    """

    task: str
    depth: int
    activation: str
    batch_norm: bool
    label_smoothing: bool
    image: bool
    mirror: bool

    @classmethod
    def of(cls, structure: Structure) -> InferenceStructure:
        alike = {field: getattr(structure, field) for field in cls._fields}
        return cls(**alike | {"image": structure.image and not structure.projected})


@lru_cache(maxsize=_KEPT)
def compiled_evaluation(structure: InferenceStructure) -> Any:
    """A function from (x, mirrored, y, kernels, vectors, moving, scale, offset, l2, smoothing) to `Measures`' table.

    Products are of float32, moving statistics take the place of the batch's, nothing is dropped: what the
    exported model computes.
    """
    matrix, vector, scalar = (tf.TensorSpec([None] * rank, tf.float32) for rank in (2, 1, 0))
    x = tf.TensorSpec([None, None], tf.uint8 if structure.image else tf.float32)
    y = tf.TensorSpec([None], tf.float32 if structure.task == "regression" else tf.int32)
    kernels = [matrix] * (structure.depth + 1)
    signature = [x, x, y, kernels, vector, vector, *[scalar] * 4]
    return tf.function(_Evaluation(structure), input_signature=signature, autograph=False)


class _Evaluation:
    def __init__(self, structure: InferenceStructure) -> None:
        self._structure = structure
        self._measures = Measures(structure.task)
        self._layout = Layout(structure.depth, structure.batch_norm)

    def __call__(
        self,
        x: Tensor,
        mirrored: Tensor,
        y: Tensor,
        kernels: list[Tensor],
        vectors: Tensor,
        moving: Tensor,
        scale: Tensor,
        offset: Tensor,
        l2: Tensor,
        smoothing: Tensor,
    ) -> Tensor:
        rows, measures = tf.shape(y)[0], self._measures
        smoothed = smoothing if self._structure.label_smoothing else None
        infer = self._inference(kernels, vectors, moving, scale, offset)
        penalty = l2_penalty(kernels[:-1], l2)

        def batch(start: Tensor, table: tf.TensorArray) -> tuple[Tensor, tf.TensorArray]:
            y_batch = y[start : start + BATCH]
            outputs = infer(x[start : start + BATCH])
            if self._structure.mirror:
                outputs = 0.5 * (outputs + infer(mirrored[start : start + BATCH]))
            losses, _ = measures.losses(outputs, y_batch, smoothed)
            plain = losses if smoothed is None else measures.losses(outputs, y_batch, None)[0]
            lines = measures.record(losses + penalty, plain, outputs, y_batch)
            return start + BATCH, table.write(start // BATCH, lines)

        begin = (tf.constant(0), measures.empty_table((rows + BATCH - 1) // BATCH))
        return tf.while_loop(lambda start, _: start < rows, batch, begin)[1].concat()

    def _inference(
        self, kernels: list[Tensor], vectors: Tensor, moving: Tensor, scale: Tensor, offset: Tensor
    ) -> Any:
        """A function from rows to outputs; what is the same for all rows is computed here."""
        widths = self._layout.widths(kernels)
        of_layers = self._layout.layers(vectors, widths)
        moved = self._layout.moving(moving, widths) if self._structure.batch_norm else []
        activate = keras.activations.get(self._structure.activation)

        def outputs(x: Tensor) -> Tensor:
            x = tf.cast(x, tf.float32) * scale + offset if self._structure.image else x
            for layer in range(self._structure.depth):
                x = tf.matmul(x, kernels[layer])
                if self._structure.batch_norm:
                    x = moving_batch_norm(x, *of_layers[layer].gamma_beta, *moved[layer])
                else:
                    x = tf.nn.bias_add(x, of_layers[layer].bias)
                x = activate(x)
            return tf.nn.bias_add(tf.matmul(x, kernels[-1]), of_layers[-1].bias)

        return outputs
