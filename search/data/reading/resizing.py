"""How images come to one size: the same layer as they are prepared and in exported models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.machine.plain_keras import import_keras

if TYPE_CHECKING:
    import keras


def resizing_layer(size: tuple[int, int]) -> keras.layers.Layer:
    """To (height, width), averaging where it shrinks; used on images prepared and in exported models."""
    keras = import_keras()

    return keras.layers.Resizing(*size, interpolation="bilinear", antialias=True, dtype="float32")
