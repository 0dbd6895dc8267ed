"""What a function that builds a network is told of the rows: shape, type, and what has to be answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from search.training.network.dimensions import output_units

if TYPE_CHECKING:
    from search.data import DataSpec

_ACTIVATIONS: dict[str, Literal["sigmoid", "softmax", "linear"]] = {
    "binary": "sigmoid",
    "multiclass": "softmax",
    "regression": "linear",
    "multilabel": "sigmoid",
    "multioutput": "linear",
}


@dataclass(frozen=True)
class ModelInputs:
    """One prepared row, and the answer to it.

    Attributes:
        shape: of one row: (features,), or (height, width, channels) of an image.
        dtype: float32, standardised; of images uint8, pixels from 0 to 255 as they are.
        scale, offset: pixels times the one plus the other are standardised by two numbers of the training rows.
        codes: the last features of a row are not numbers but categories, from 0 on: how many each of them has. They are
            columns of many values; of others each value is a feature of its own.
        task: binary, multiclass or regression; of several targets multilabel or multioutput (quantities).
        units: what the network has to answer for each row: a probability for each class; 1 of two classes, that of the
            second; 1 of a regression, the target with mean 0 and deviation 1 in training rows; one for each of several
            targets.
        activation: by which the last layer does that: sigmoid, softmax or linear.
        class_names: empty for a regression, and for several targets.
    """

    shape: tuple[int, ...]
    dtype: Literal["float32", "uint8"]
    scale: float
    offset: float
    codes: tuple[int, ...]
    task: Literal["binary", "multiclass", "regression", "multilabel", "multioutput"]
    units: int
    activation: Literal["sigmoid", "softmax", "linear"]
    class_names: tuple[str, ...]

    @classmethod
    def of(cls, spec: DataSpec) -> ModelInputs:
        """Of the rows of prepared data."""
        return cls(
            shape=spec.input_shape,
            dtype="uint8" if spec.kind == "image" else "float32",
            scale=spec.scale,
            offset=spec.offset,
            codes=tuple(column.codes for column in spec.coded),
            task=spec.task,
            units=output_units(spec),
            activation=_ACTIVATIONS[spec.task],
            class_names=spec.class_names,
        )
