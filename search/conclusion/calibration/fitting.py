"""A temperature fitted on validation rows, and whether it is better on rows that it was not fitted on.

Guo, Pleiss, Sun & Weinberger 2017, *On calibration of modern neural networks*: networks that were trained long are too
sure. Logits divided by one number above 1 are less so, and no answer becomes another.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict

from search.conclusion.ensemble.greedy import halves_of
from search.conclusion.statistics.intervals import Difference, Interval, difference_over_rows

if TYPE_CHECKING:
    from search.conclusion.ensemble.judging import Array, Judge

_MOST = 20.0


class Calibration(BaseModel):
    """What the logits are divided by, where it is `kept`, and what that does to the cross-entropy.

    `before` and `crossentropy` are of the `rows` validation rows that it was fitted on. `gain` is how much less the
    cross-entropy is, with its interval over rows, of halves by the temperature of the other half; None of a single row.
    `value_before` is what networks are compared by there, and `value` the same of these halves.
    """

    model_config = ConfigDict(frozen=True)

    temperature: float
    rows: int
    before: float
    crossentropy: float
    kept: bool
    gain: float | None
    gain_interval: Interval | None
    value_before: float | None = None
    value: float | None = None

    @property
    def moves(self) -> bool:
        """Whether it is kept, and changes what networks are compared by."""
        return self.kept and self.value is not None and self.value != self.value_before


def calibration_of(outputs: Array, judge: Judge) -> Calibration:
    """By the logits of validation rows, (rows, units).

    Args:
        judge: of these rows, by what networks are compared by; the temperature is by their cross-entropy.
    """
    outputs, by = np.asarray(outputs, dtype=np.float64), replace(judge, metric="crossentropy")
    temperature, elsewhere = temperature_of(outputs, by), _divided_elsewhere(outputs, by)
    gain = None if elsewhere is None else _gain(outputs, elsewhere, by)
    value_before, value = (judge.measured(of).get(judge.metric) for of in (outputs, outputs / temperature))
    # What is the same at any temperature, as an accuracy is, is so where each half has its own.
    if elsewhere is not None and value != value_before:
        value = judge.measured(elsewhere).get(judge.metric)
    return Calibration(
        temperature=temperature,
        rows=len(outputs),
        before=by.measured(outputs)["crossentropy"],
        crossentropy=by.measured(outputs / temperature)["crossentropy"],
        kept=gain is not None and gain.mean > 0,
        gain=gain and gain.mean + 0.0,  # there is no negative zero
        gain_interval=gain and gain.interval,
        value_before=value_before,
        value=value,
    )


def temperature_of(outputs: Array, judge: Judge) -> float:
    """The one with the least cross-entropy, from 1/20 to 20, to five digits; of its inverse that is convex."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda logarithm: judge.measured(outputs / np.exp(logarithm))["crossentropy"],
        bounds=(-np.log(_MOST), np.log(_MOST)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(f"{np.exp(found.x):.5g}")


def _divided_elsewhere(outputs: Array, judge: Judge) -> Array | None:
    """Each half of the rows by the temperature of the other half; None where there are no two halves."""
    first, second = halves_of(len(outputs))
    if not len(second):
        return None
    divided = np.empty_like(outputs)
    for fitting, judged in ((first, second), (second, first)):
        divided[judged] = outputs[judged] / temperature_of(outputs[fitting], judge.of(fitting))
    return divided


def _gain(outputs: Array, divided: Array, judge: Judge) -> Difference:
    after, before = judge.scores(divided), judge.scores(outputs)
    assert after is not None  # a cross-entropy is a mean over rows
    assert before is not None
    return difference_over_rows(after.tolist(), before.tolist()).times(judge.sign)
