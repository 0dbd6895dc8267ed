"""The picture of a study of several aims: its trials by the first two, and its front."""

from __future__ import annotations

from math import floor, isfinite, log10
from typing import TYPE_CHECKING, Any, Literal

from search.analysis.report.drawing import NARROW, Drawing, Tips, add_legend, new_figure, to_svg
from search.analysis.report.figures import BEST, COMPLETE
from search.analysis.report.scales import MOST_POINTS, ValueScale, thinned
from search.settings.aims import RESOURCES, aim_value, column_of, direction_of
from spaces.wording import quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from search.analysis.report.snapshot import Snapshot
    from search.study.trial_record import TrialRecord

_LINE = "#888888"


def front(snapshot: Snapshot) -> Drawing | None:
    """The first aim over the second, and the front as stars; None where there is one aim, or no complete trial."""
    study = snapshot.study
    trials = [trial for trial in snapshot.complete if trial.values and all(map(isfinite, trial.values))]
    if not study.has_several_aims or not trials:
        return None
    aims, best = study.aims, {entry.trial for entry in snapshot.front}
    drawn = thinned(trials, MOST_POINTS, best)
    figure, tips = new_figure(NARROW, 3.9), Tips()
    axes = figure.subplots()
    scale = ValueScale.of([trial.value or 0.0 for trial in trials], study.direction)
    others = [trial for trial in drawn if trial.number not in best]
    _marks(axes, tips, others, aims, scale, label="complete", **COMPLETE)
    on_it = sorted((trial for trial in drawn if trial.number in best), key=_across)
    if len(aims) == 2:
        # Between two trials of the front nothing is known to be better than the one that takes less.
        where: Literal["pre", "post"] = "post" if direction_of(aims[1]) == "minimize" else "pre"
        heights = [scale.clip(trial.value or 0.0) for trial in on_it]
        axes.step([_across(trial) for trial in on_it], heights, where=where, color=_LINE, lw=1.2)
    _marks(axes, tips, on_it, aims, scale, label="front", **BEST)
    if aims[1] in RESOURCES:
        _logarithmic(axes)
    axes.set_ylim(scale.low, scale.high)
    axes.set_xlabel(column_of(aims[1]))
    axes.set_ylabel(column_of(aims[0]))
    add_legend(figure)
    return to_svg(figure, "front", f"{aims[0]} over {column_of(aims[1])} of each trial, and the front", tips)


def _logarithmic(axes: Any) -> None:
    """Marks at 1, 2 and 5 times powers of ten, where there are two of them; else a few at whole steps."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

    axes.set_xscale("log")
    low, high = axes.get_xlim()
    powers = range(floor(log10(low)), floor(log10(high)) + 1)
    marks = [
        part * 10.0**power for power in powers for part in (1, 2, 5) if low <= part * 10.0**power <= high
    ]
    axes.xaxis.set_major_locator(FixedLocator(marks) if len(marks) > 1 else MaxNLocator(4))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: quantity(value, 3)))


def _across(trial: TrialRecord) -> float:
    return (trial.values or (0.0, 0.0))[1]


def _marks(
    axes: Any,
    tips: Tips,
    trials: Sequence[TrialRecord],
    aims: Sequence[str],
    scale: ValueScale,
    label: str,
    **style: Any,
) -> None:
    if not trials:
        return
    tips.marks(
        axes,
        [_across(trial) for trial in trials],
        [scale.clip(trial.value or 0.0) for trial in trials],
        [_described(trial, aims) for trial in trials],
        label=label,
        **style,
    )


def _described(trial: TrialRecord, aims: Sequence[str]) -> str:
    values = zip(aims, trial.values or (), strict=True)
    told = ", ".join(f"{column_of(aim)} {aim_value(aim, value)}" for aim, value in values)
    return f"trial {trial.number}: {told}"
