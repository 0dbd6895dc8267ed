"""What one network, or several together, are worth on validation rows, by the formulas of all metrics."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from search.models.threshold import decision_sentence
from search.settings.metrics import direction_of, sign_of, told_beside
from search.training.decision import Decision, is_decided
from search.training.measures import decision_on, logs_of, scores_of
from search.training.network.recorded import outputs_of, recorded

if TYPE_CHECKING:
    from search.data import DataSpec
    from search.models.threshold import Threshold

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Judge:
    """Judges by `metric` (without `val_`) on rows whose classes or standardised targets are `y`, (rows,).

    All of it is of outputs before their last activation, (rows, units). A `loss` is without the L2 penalty and the
    label smoothing of a training: networks that are averaged have none in common. `weights` say how much each row
    counts, (rows,); all alike without them. The second of two classes is answered above the probability `threshold`;
    None: as is usual for each metric.
    """

    y: Array
    spec: DataSpec
    metric: str
    weights: Array | None = None
    threshold: float | None = None

    @property
    def sign(self) -> int:
        """What a value is multiplied by, so that more of it is better."""
        return sign_of(direction_of(self.metric))

    def of(self, rows: Array) -> Judge:
        """The same on some of the rows, by their positions."""
        return replace(self, y=self.y[rows], weights=None if self.weights is None else self.weights[rows])

    @classmethod
    def of_all(cls, judges: Sequence[Judge]) -> Judge:
        """One of the rows of all of these, which judge by one metric, in their order."""
        weights = [judge.weights for judge in judges if judge.weights is not None]
        return replace(
            judges[0],
            y=np.concatenate([judge.y for judge in judges]),
            weights=np.concatenate(weights) if weights else None,
        )

    def measured(self, outputs: Array, also: tuple[str, ...] = ()) -> dict[str, float]:
        """Loss and metrics by their names, `metric` among them, and those `also` that few studies measure."""
        asked = tuple(dict.fromkeys((self.metric, *also)))
        table = self._table(outputs, asked)
        return logs_of(table, self.spec, asked, self.weights, threshold=self.threshold)

    def beside(self, measured: Mapping[str, float]) -> dict[str, float]:
        """What is told beside the metric, of what is `measured`: by the name of validation rows, `val_accuracy`."""
        names = {name: name.removeprefix("val_") for name in told_beside(self.metric)}
        return {name: measured[of] for name, of in names.items() if of in measured}

    def scores(self, outputs: Array) -> Array | None:
        """The score of each row, float64 (rows,); None where rows have none of the metric."""
        table = self._table(outputs, (self.metric,))
        return scores_of(table, self.metric, self.spec, self.weights, self.threshold)

    def decision(self, outputs: Array, metric: str | None = None) -> Decision | None:
        """The threshold that is best on these rows by `metric`; None where there is none to fit.

        Without a `metric` by the judge's, where models are given one by it.
        """
        if metric is None and not is_decided(self.metric, self.spec.task):
            return None
        return decision_on(self._table(outputs, ()), metric or self.metric, self.spec, self.weights)

    def threshold_for(
        self, outputs: Array, wanted: Threshold | None, say: Callable[[str], None]
    ) -> Decision | float | None:
        """What a model of these outputs answers the second of two classes by, as `wanted`; told is what was fitted.

        Where nothing is wanted, by the judge's metric, if models are given a threshold by it; else None.
        """
        if isinstance(wanted, float):
            return wanted
        found = self.decision(outputs, wanted)
        if found is not None:
            say(decision_sentence(found, self.spec.class_names[1]))
        return found

    def merit(self, outputs: Array) -> tuple[float, float]:
        """More is better: the metric, and the loss among equals. Nothing is worse than what is no number.

        To nine digits: what differs by rounding alone is equal.
        """
        logs = self.measured(outputs)
        worth = self.sign * logs.get(self.metric, math.nan), -logs["loss"]
        if not all(map(math.isfinite, worth)):
            return -math.inf, -math.inf
        return float(f"{worth[0]:.9g}"), float(f"{worth[1]:.9g}")

    def _table(self, outputs: Array, asked: tuple[str, ...]) -> Array:
        return recorded(outputs_of(outputs, self.spec), self.y, self.spec, asked)
