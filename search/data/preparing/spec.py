"""What prepared data is: shapes, classes, statistics; saved as data.json and kept with the study."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from pydantic import SerializerFunctionWrapHandler, model_serializer

from search.data.preparing.column_spec import CategoryColumn, Column, SpecPart
from search.data.preparing.components import component_count
from search.data.preparing.log_target import LogTarget
from search.data.rows.raw import Array

SPEC_VERSION: Literal[5] = 5
# Tables were given features that no training row has, and vectors a deviation of 1 where they were constant.
# A study that was started so goes on so.
UNTAUGHT_VERSION: Literal[2] = 2
# Numbers that only name rows, such as a customer's, were features.
IDENTIFIER_VERSION: Literal[3] = 3
# Of many categories the 50 most frequent had a feature each, and the others shared one.
CUT_VERSION: Literal[4] = 4


# What came later than the first spec of its version.
_LATER = ("split", "target_log", "weight", "target_written", "targets")


class Rows(SpecPart):
    """How many rows each part of the split has."""

    train: int
    validation: int
    test: int


class TargetSpec(SpecPart):
    """One of several targets: mean and deviation of a quantity and how it is `written`, or the two classes of a label.

    Statistics are of the training rows, `class_counts` of training, validation and test together.
    """

    name: str
    mean: float = 0.0
    std: float = 1.0
    written: str = ""
    class_names: tuple[str, ...] = ()
    class_counts: tuple[int, ...] = ()


class DataSpec(SpecPart):
    """Prepared data without its rows. Survives a JSON round trip exactly.

    `input_shape` is (height, width, channels) or (features,). uint8 images enter a network as
    `x * scale + offset`, with mean 0 and standard deviation 1 over all pixels (LeCun et al. 1998, sec. 4.3); version 1
    had them in 0..1.
    `feature_mean` and `feature_std` belong to vectors (a feature whose deviation is 0 is 0 everywhere), `columns` to
    tables, `target_mean` and `target_std` to regression, where `target_log` says that the target is learnt as its
    logarithm; all are of the training rows. `target_written` says how it stands in a text file, where not as Python
    writes numbers. `class_counts` are of training, validation and test together.
    `resized` is the (height, width) that images of other sizes were brought to. `split` says how rows were split where
    the user says how; "" where they were split by chance. `weight` is what says how much rows count; ""
    where all count alike. `targets` has each of several targets, quantities (multioutput) or labels (multilabel), in
    the order of a network's outputs; there, what is said above of one target is not used, and `target` has all names.
    """

    version: Literal[1, 2, 3, 4, 5] = SPEC_VERSION
    source: str
    fingerprint: str
    kind: Literal["image", "vector", "table"]
    task: Literal["binary", "multiclass", "regression", "multilabel", "multioutput"]
    input_shape: tuple[int, ...]
    scale: float = 1.0
    offset: float = 0.0
    resized: tuple[int, int] | None = None
    class_names: tuple[str, ...] = ()
    class_counts: tuple[int, ...] = ()
    target: str | None = None
    target_mean: float = 0.0
    target_std: float = 1.0
    rows: Rows
    given_validation: bool = False
    given_test: bool = False
    seed: int
    val_fraction: float
    test_fraction: float
    feature_mean: tuple[float, ...] = ()
    feature_std: tuple[float, ...] = ()
    columns: tuple[Column, ...] = ()
    notes: tuple[str, ...] = ()
    split: str = ""
    target_log: LogTarget | None = None
    weight: str = ""
    target_written: str = ""
    targets: tuple[TargetSpec, ...] = ()

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What came later is written only where there is some: other data is described as it always was."""
        written: dict[str, Any] = write(self)
        return {name: value for name, value in written.items() if name not in _LATER or value}

    @property
    def of_quantities(self) -> bool:
        """Whether a quantity is learnt, or several."""
        return self.task in ("regression", "multioutput")

    def of_target(self, place: int) -> DataSpec:
        """As it would be of one of several targets alone."""
        one = self.targets[place]
        return self.model_copy(
            update={
                "task": "regression" if self.of_quantities else "binary",
                "target": one.name,
                "target_mean": one.mean,
                "target_std": one.std,
                "target_written": one.written,
                "class_names": one.class_names,
                "class_counts": one.class_counts,
                "targets": (),
            }
        )

    def learnt_targets(self, targets: Array) -> Array:
        """What a network learns in place of targets in their units, float64 (rows,); of several (rows, targets)."""
        if self.target_log is not None:
            return self.target_log.learnt(targets)
        return np.asarray((targets - self._means) / self._stds)

    def standardised_targets(self, learnt: Array) -> Array:
        """Targets less their mean, over their deviation, (rows,), of what a network learns."""
        if self.target_log is None:
            return learnt
        return np.asarray((self.target_log.targets(learnt) - self.target_mean) / self.target_std)

    def standardised_answers(self, outputs: Array) -> Array:
        """As `standardised_targets`, of what a network answers."""
        if self.target_log is None:
            return outputs
        return np.asarray((self.target_log.answers(outputs) - self.target_mean) / self.target_std)

    def in_units(self, standardised: Array) -> Array:
        """In the target's units, of targets or answers that are standardised; of the same shape and type."""
        return np.asarray(standardised * self._stds + self._means)

    def with_plain_target(self) -> DataSpec:
        """As it is where the standardised target itself is learnt, and answered."""
        return self.model_copy(update={"target_log": None})

    @property
    def _means(self) -> Array | float:
        return np.array([one.mean for one in self.targets]) if self.targets else self.target_mean

    @property
    def _stds(self) -> Array | float:
        return np.array([one.std for one in self.targets]) if self.targets else self.target_std

    @property
    def coded(self) -> tuple[CategoryColumn, ...]:
        """Columns whose features, the last of a row, are codes."""
        return tuple(one for one in self.columns if isinstance(one, CategoryColumn) and one.coded)

    @property
    def components(self) -> int:
        """The most principal components that a network can be given; 0 where there are no images."""
        return component_count(math.prod(self.input_shape), self.rows.train) if self.kind == "image" else 0
