"""The smallest network that is hardly worse than the best one: `export --within`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from search.errors import InputError
from search.settings.aims import PARAMETERS, RESOURCES, aim_value, amount, direction_of
from search.settings.metrics import metric_of, sign_of
from search.text.formats import number

if TYPE_CHECKING:
    from search.study.study import Study
    from search.study.trial_record import TrialRecord


@dataclass(frozen=True)
class Within:
    """`chosen` is the smallest of the trials that are hardly worse than `best`, by `aim`, in a study of `metric`."""

    chosen: TrialRecord
    best: TrialRecord
    aim: str
    metric: str

    def words(self) -> str:
        """`trial 11 has 1,735 parameters and val_accuracy 0.9815, 0.74 points behind trial 9 with 8,860 parameters`."""
        if self.chosen is self.best:
            return f"trial {self.best.number}, the best by {self.metric}, is the one with {self._takes(self.best)}"
        behind = _behind(self.metric, self.chosen.value or 0.0, self.best.value or 0.0)
        unit = "points" if _is_share(self.metric) else "%"
        return (
            f"trial {self.chosen.number} has {self._takes(self.chosen)} and {self.metric} "
            f"{number(self.chosen.value)}, {behind:.2g} {unit} behind trial {self.best.number}, which has "
            f"{self._takes(self.best)} and {number(self.best.value)}"
        )

    def _takes(self, trial: TrialRecord) -> str:
        value = _reached(trial)
        return (
            amount(self.aim, value) if self.aim in RESOURCES else f"{self.aim} {aim_value(self.aim, value)}"
        )


def smallest_within(study: Study, margin: float) -> Within:
    """The trial that takes least among those that are at most `margin` behind the best.

    What it takes is its second aim, or its parameters where the study has one aim. `margin` is in percentage points of
    a metric that is a share, as accuracy is, and in percent of the best value of any other, as of a loss.

    Raises:
        InputError: no trial is complete yet, or the margin is negative.
    """
    if not (math.isfinite(margin) and margin >= 0):
        raise InputError(
            f"--within: expected how much worse it may be, 0 or more, such as 0.5, but got {margin:g}"
        )
    best = study.complete_trial(None)
    aim = study.aims[1] if study.has_several_aims else PARAMETERS
    sign = sign_of(direction_of(aim))
    # Just as far behind as may be is within, however its difference is rounded.
    most = margin + 1e-9
    near = [
        trial
        for trial in study.ranked()
        if _reached(trial) is not None
        and _behind(study.metric, trial.value or 0.0, best.value or 0.0) <= most
    ]
    # Of equal ones the first: they are ranked by the metric.
    chosen = max(near, key=lambda trial: sign * (_reached(trial) or 0.0), default=best)
    return Within(chosen, best, aim, study.metric)


def _reached(trial: TrialRecord) -> float | None:
    if trial.values is not None and len(trial.values) > 1:
        return trial.values[1]
    return None if trial.parameters is None else float(trial.parameters)


def _is_share(metric: str) -> bool:
    return metric_of(metric).unit != "its own"


def _behind(metric: str, value: float, best: float) -> float:
    """How much worse `value` is than `best`: points of a share, else percent of the best."""
    worse = sign_of(direction_of(metric)) * (best - value)
    if _is_share(metric):
        return 100 * worse
    if worse <= 0:
        return 0.0
    return 100 * worse / abs(best) if best else math.inf
