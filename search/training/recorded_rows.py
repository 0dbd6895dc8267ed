"""What is recorded of rows, by the names of its columns and in the units that metrics are made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from search.data import DataSpec
from search.training.confusion import Counted
from search.training.decision import USUAL
from search.training.network.recorded import COLUMNS, WITH_OUTPUTS, target_table

Array = np.ndarray[Any, Any]

# Metrics in the target's own units.
_IN_UNITS = ("rmse", "mae", "median_error")


def unit_among_several(metric: str, spec: DataSpec) -> float:
    """What a value of one target is divided by to be averaged with those of others: errors by the deviation."""
    return spec.target_std if metric in _IN_UNITS else 1.0


@dataclass(frozen=True)
class RecordedRows:
    """The `table` of rows of `spec`, (rows, columns) float32 or float64, and how much each counts, float64 (rows,).

    The second of two classes is answered above the probability `threshold`; where it is None, above what is usual for
    the metric. `among_several`: they are of one of several targets.
    """

    table: Array
    spec: DataSpec
    weights: Array | None = None
    threshold: float | None = None
    among_several: bool = False

    def of_each_target(self) -> list[RecordedRows]:
        """Themselves, of one target; of several those of each as if there was no other."""
        return [
            RecordedRows(target_table(self.table, place, self.spec), one, self.weights, among_several=True)
            for place, one in enumerate(map(self.spec.of_target, range(len(self.spec.targets))))
        ] or [self]

    def unit_of(self, metric: str) -> float:
        """What a value of `metric` is divided by, so that targets in other units can be averaged."""
        return unit_among_several(metric, self.spec) if self.among_several else 1.0

    def mean(self, values: Array) -> float:
        """Over rows, each by its weight."""
        with np.errstate(invalid="ignore", over="ignore"):
            return float(np.average(values, weights=self.weights))

    def recorded(self, column: str) -> Array:
        """As it was recorded, (rows,)."""
        return self.table[:, COLUMNS[self.spec.task].index(column)]

    def __getitem__(self, column: str) -> Array:
        """float64 (rows,)."""
        return self.recorded(column).astype(np.float64)

    @property
    def targets(self) -> Array:
        """Of a regression, standardised, float64 (rows,)."""
        return self.spec.standardised_targets(self.recorded("target")).astype(np.float64)

    @property
    def targets_in_units(self) -> Array:
        """Of a regression, float64 (rows,)."""
        return self.spec.in_units(self.targets)

    @property
    def errors(self) -> Array:
        """Of a regression, absolute, in deviations of the target, float64 (rows,)."""
        return np.abs(self.residuals)

    @property
    def residuals(self) -> Array:
        """Of a regression, the target minus the answer, in deviations of the target, float64 (rows,).

        In the numbers that were recorded, where nothing lies between these and the target.
        """
        answers = self.spec.standardised_answers(self.recorded("answer"))
        return (self.spec.standardised_targets(self.recorded("target")) - answers).astype(np.float64)

    @property
    def labels(self) -> Array:
        """Class numbers, (rows,)."""
        binary = self.spec.task == "binary"
        of = self.recorded("label") if binary else self.table[:, WITH_OUTPUTS.index("label")]
        return of.astype(np.int64)

    @property
    def outputs(self) -> Array:
        """Of more than two classes, float64 (rows, classes)."""
        return self.table[:, len(WITH_OUTPUTS) :].astype(np.float64)

    @property
    def counted(self) -> Counted:
        """The classes that are answered, as `accuracy` takes them."""
        if self.spec.task == "binary":
            return Counted(self.labels, self.answers_second().astype(np.int64), 2, self.weights)
        outputs = self.outputs
        return Counted(self.labels, outputs.argmax(axis=1), outputs.shape[1], self.weights)

    def answers_second(self, usual: float = USUAL) -> Array:
        """Of two classes, bool (rows,); by logits, which tell more than probabilities near 0 and 1."""
        threshold = usual if self.threshold is None else self.threshold
        with np.errstate(divide="ignore"):
            return self["logit"] > np.log(threshold) - np.log(1 - threshold)

    @cached_property
    def answered(self) -> bool:
        """Whether all outputs are numbers."""
        return not np.isnan(self.recorded("crossentropy")).any()
