"""Where a value or a hyperparameter stands on an axis, and which trials are drawn when there are too many."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from search.analysis.report.drawing import clean
from search.text.formats import number, setting

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from optuna.distributions import BaseDistribution

    from search.study.trial_record import TrialRecord

MOST_POINTS = 1500
"""Trials drawn in one picture at most; more would be neither told apart nor small."""

_LONGEST_LABEL = 14
_FEW_VALUES = 12


def thinned(trials: Sequence[TrialRecord], most: int, keep: Iterable[int] = ()) -> list[TrialRecord]:
    """At most about `most` of `trials`, evenly spread over their order; those numbered `keep` always."""
    if len(trials) <= most:
        return list(trials)
    chosen = {trials[index].number for index in thinned_places(len(trials), most)}
    chosen.update(keep)
    return [trial for trial in trials if trial.number in chosen]


def thinned_places(count: int, most: int) -> NDArray[np.int64]:
    """At most `most` of so many places, ascending and evenly spread, with the first and the last."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


@dataclass(frozen=True)
class ValueScale:
    """Limits of a metric's axis that a few diverged trials cannot stretch until all others look alike.

    What lies beyond is drawn at the edge. The limits are Tukey's outer fences (three interquartile ranges beyond
    the quartiles), on the bad side alone: the best is never cut off.
    """

    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float], direction: str, margin: float = 0.04) -> ValueScale:
        """Of at least one value; `margin` is the share of the extent left free at both ends."""
        low, high = min(values), max(values)
        lower, upper = np.quantile(values, [0.25, 0.75])
        reach = 3 * float(upper - lower)
        if direction == "maximize":
            low = max(low, float(lower) - reach) if reach else low
        else:
            high = min(high, float(upper) + reach) if reach else high
        free = margin * (high - low) if high > low else 0.01 * max(abs(high), 1.0)
        return cls(low - free, high + free)

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high

    def clip(self, value: float) -> float:
        return min(max(value, self.low), self.high)

    def share(self, value: float) -> float:
        """Where between the limits, 0 to 1."""
        return (self.clip(value) - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class ParameterScale:
    """A hyperparameter as an axis: plain, logarithmic, or one place for each choice."""

    name: str
    distribution: BaseDistribution

    @classmethod
    def of(cls, name: str, trials: Iterable[TrialRecord]) -> ParameterScale | None:
        """None where no trial has it, or where it has a single value."""
        found = next((trial.distributions[name] for trial in trials if name in trial.distributions), None)
        return None if found is None or found.single() else cls(name, found)

    @property
    def title(self) -> str:
        return clean(short(self.name, 24))

    @property
    def choices(self) -> tuple[Any, ...]:
        """Of a categorical one; empty for numbers."""
        return tuple(getattr(self.distribution, "choices", ()))

    @property
    def log(self) -> bool:
        return bool(getattr(self.distribution, "log", False))

    @property
    def whole(self) -> bool:
        """Of whole numbers alone."""
        return isinstance(getattr(self.distribution, "low", None), int)

    @property
    def crowded(self) -> bool:
        """Of so few values that trials would be drawn over each other."""
        low, high = self.ends
        return bool(self.choices) or (self.whole and not self.log and high - low <= _FEW_VALUES)

    def place(self, trial: TrialRecord) -> float | None:
        """The value itself, or the index of the choice; None where the trial has none of this distribution."""
        if self.name not in trial.params:
            return None
        value = trial.params[self.name]
        if not self.choices:
            return float(value) if isinstance(value, int | float) else None
        return float(self.choices.index(value)) if value in self.choices else None

    def share(self, place: float) -> float:
        """Where between the ends of the range, 0 to 1."""
        low, high = self.ends
        if self.log:
            low, high, place = math.log(low), math.log(high), math.log(place)
        return (place - low) / (high - low)

    @property
    def ends(self) -> tuple[float, float]:
        if self.choices:
            return 0.0, float(len(self.choices) - 1)
        return float(self.distribution.low), float(self.distribution.high)  # type: ignore[attr-defined]

    def labels(self) -> list[tuple[float, str]]:
        """Places and words: every choice (of many, the ends), or the two ends of a range."""
        if self.choices and len(self.choices) <= 10:
            return [(float(i), self.choice_label(i)) for i in range(len(self.choices))]
        if self.choices:
            return [(end, self.choice_label(int(end))) for end in self.ends]
        return [(end, setting(int(end) if end == int(end) else end)) for end in self.ends]

    def choice_label(self, index: int) -> str:
        return clean(short(setting(self.choices[index]), _LONGEST_LABEL))

    def dress(self, axes: Axes, along: str) -> None:
        """Scale, limits, ticks and name of the x or the y axis of `axes`."""
        from matplotlib.ticker import MaxNLocator

        axis = axes.xaxis if along == "x" else axes.yaxis
        set_limits = axes.set_xlim if along == "x" else axes.set_ylim
        axis.set_label_text(self.title)
        low, high = self.ends
        if self.choices:
            shown = self.labels()
            axis.set_ticks([place for place, _ in shown], [label for _, label in shown])
            if along == "x" and max(map(len, (label for _, label in shown)), default=0) * len(shown) > 24:
                axes.tick_params("x", rotation=30)
            set_limits(low - 0.5, high + 0.5)
        elif self.log:
            (axes.set_xscale if along == "x" else axes.set_yscale)("log")
            margin = (high / low) ** 0.03
            set_limits(low / margin, high * margin)
            _label_decades(axis, low, high)
        else:
            margin = 0.5 if self.crowded else 0.03 * (high - low)
            set_limits(low - margin, high + margin)
            if self.whole:
                axis.set_major_locator(MaxNLocator(6, integer=True))


def _label_decades(axis: Any, low: float, high: float) -> None:
    """Plain numbers at round places: matplotlib leaves an axis of less than a decade without any."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
        ticks = [step * 10.0**decade for decade in decades for step in steps]
        ticks = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
        if len(ticks) >= 3:
            break
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))
    axis.set_minor_formatter(NullFormatter())


def _tick(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else setting(float(f"{value:.2g}"))


def short(text: str, most: int) -> str:
    """At most so many characters, the last of them dots where some are left out."""
    return text if len(text) <= most else text[: most - 1] + "…"


def describe(trial: TrialRecord, metric: str) -> str:
    """One trial in two lines, for a tip."""
    state = trial.state.name.lower()
    value = "" if trial.value is None else f": {metric} {number(trial.value)}"
    settings = ", ".join(f"{name} {setting(value)}" for name, value in trial.params.items())
    return f"trial {trial.number} ({state}){value}\n{settings}"
