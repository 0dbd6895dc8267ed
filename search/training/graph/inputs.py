"""From a row to what the first hidden layer sees, in the graph; as `keras_form/inputs.py`, and augmented."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from search.training.graph.arithmetic import dense
from search.training.graph.augmentation import augment_images
from search.training.graph.codes import with_vectors
from search.training.graph.draws import Draw, Draws
from search.training.graph.dropout import DropoutMasks, Steps, masked
from search.training.graph.embedding import embedded
from search.training.graph.numbers import Numbers
from search.training.graph.variables import Parts
from search.training.network.structure import Structure

Tensor = Any


def standardised(x: Tensor, scale: Any, offset: Any) -> Tensor:
    """Pixels uint8 (rows, features) as float32."""
    return tf.cast(x, tf.float32) * scale + offset


class Inputs:
    """Inputs of a batch in training. Made before the loop over steps.

    Args:
        features: int32 scalar, what the first hidden layer is given of each row.
        projection: kernel and bias from pixels to principal components.
        steps: of the epoch.
    """

    def __init__(
        self,
        structure: Structure,
        numbers: Numbers,
        features: Tensor,
        projection: tuple[Tensor, Tensor],
        steps: Steps,
    ) -> None:
        self._structure, self._numbers, self._projection = structure, numbers, projection
        self._most = tf.cast(numbers.down, tf.int32), tf.cast(numbers.right, tf.int32)
        self._masks = None
        if structure.input_dropout:
            self._masks = DropoutMasks([numbers.input_dropout], [features], steps, Draw.INPUT_DROPOUT)

    def masks(self, index: Tensor, rows: Tensor) -> list[Tensor]:
        """Of one step of the epoch; none without dropout of inputs."""
        return self._masks.of_step(index, rows) if self._masks else []

    def as_floats(self, x: Tensor, draws: Draws) -> Tensor:
        """Gathered rows, as they are resident, (rows, features) uint8 or float32."""
        return self._of_pixels(x, draws) if self._structure.image else x

    def __call__(self, x: Tensor, weights: Parts, masks: list[Tensor]) -> Tensor:
        """What the first hidden layer sees: numbers and codes embedded, inputs dropped."""
        x = embedded(x, weights, self._structure.embedding)
        x = with_vectors(x, weights, self._structure.coded)
        for mask in masks:
            x = masked(x, mask)
        return x

    def _of_pixels(self, x: Tensor, draws: Draws) -> Tensor:
        """Images as standardised float32 or their components, augmented where the structure says so."""
        if self._structure.input_shape is not None:
            x = augment_images(x, self._structure.input_shape, draws, self._most, self._structure.mirror)
        x = standardised(x, self._numbers.scale, self._numbers.offset)
        return dense(x, *self._projection, self._structure.bfloat16) if self._structure.projected else x
