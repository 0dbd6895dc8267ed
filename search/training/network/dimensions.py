"""What hyperparameters come to on given data, in numbers: nothing here needs Keras."""

from __future__ import annotations

import math

from search.data import DataSpec, NumberColumn
from spaces import Hyperparameters
from spaces.hyperparameters import Embedding

EVALUATION_BATCH = 1024
"""Rows that are measured at a time: without gradients larger batches fit, and cost less dispatch."""


def output_units(spec: DataSpec) -> int:
    """Units of the head: one per target, or per class where there are more than two, else one."""
    return len(spec.targets) or (len(spec.class_names) if spec.task == "multiclass" else 1)


def components_of(hyperparameters: Hyperparameters, spec: DataSpec) -> int:
    """How many principal components the first hidden layer is given; 0 where it is given the inputs themselves."""
    return min(hyperparameters.pca, spec.components)


def asks_twice(hyperparameters: Hyperparameters, spec: DataSpec) -> bool:
    """Whether outputs are averaged over an image and its mirror image."""
    return spec.kind == "image" and hyperparameters.augment in ("flip", "shift_flip")


def largest_shift(hyperparameters: Hyperparameters, spec: DataSpec) -> tuple[int, int]:
    """Pixels down and right: `shift` of height and width, to the nearest, at least 1; 0 where nothing is shifted."""
    if spec.kind != "image" or hyperparameters.augment not in ("shift", "shift_flip"):
        return 0, 0
    height, width = (max(1, round(side * hyperparameters.shift)) for side in spec.input_shape[:2])
    return height, width


def embedding_of(hyperparameters: Hyperparameters, spec: DataSpec) -> Embedding:
    """How numbers are embedded; `none` where there are no numbers."""
    return hyperparameters.embedding if numbers_of(spec) else "none"


def numbers_of(spec: DataSpec) -> int:
    """How many features are numbers, which an embedding takes; they come first in a prepared row."""
    if spec.kind == "vector":
        return math.prod(spec.input_shape)
    return sum(isinstance(column, NumberColumn) and 0 not in column.untaught for column in spec.columns)


CODE_UNITS = 16
"""Units of the vector that a network learns for each code."""


def coded_columns(spec: DataSpec) -> int:
    """How many features, the last of a prepared row, are codes of categories."""
    return len(spec.coded)


def embedding_parts(hyperparameters: Hyperparameters) -> int:
    """Frequencies or bins that an embedding makes of each number."""
    return hyperparameters.bins if hyperparameters.embedding == "piecewise" else hyperparameters.frequencies


def first_inputs(hyperparameters: Hyperparameters, spec: DataSpec) -> int:
    """What the first hidden layer is given of each row: features, components, embedded numbers, vectors of codes."""
    features = math.prod(spec.input_shape) + coded_columns(spec) * (CODE_UNITS - 1)
    if embedding_of(hyperparameters, spec) == "none":
        return components_of(hyperparameters, spec) or features
    return features + numbers_of(spec) * (hyperparameters.embedding_size - 1)
