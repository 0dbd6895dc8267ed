"""Pictures of a search: how the best value came about, how the best trials trained, what one parameter did."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

from search.analysis.facts.best_so_far import improvements
from search.analysis.report.drawing import (
    ACCENT,
    INK,
    MUTED,
    NARROW,
    PAPER,
    Drawing,
    Tips,
    add_legend,
    new_figure,
    to_svg,
)
from search.analysis.report.scales import (
    MOST_POINTS,
    ParameterScale,
    ValueScale,
    describe,
    thinned,
)
from search.analysis.report.snapshot import Snapshot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from search.analysis.facts.leaderboard import Entry
    from search.study.history import History
    from search.study.trial_record import TrialRecord

_MANY = 300
COMPLETE: dict[str, Any] = {
    "marker": "o",
    "markersize": 5,
    "color": ACCENT,
    "markeredgecolor": PAPER,
    "markeredgewidth": 0.6,
}
PRUNED: dict[str, Any] = {"marker": "x", "markersize": 4, "color": MUTED, "markeredgewidth": 0.9}
BEST: dict[str, Any] = {
    "marker": "*",
    "markersize": 13,
    "color": INK,
    "markeredgecolor": PAPER,
    "markeredgewidth": 0.8,
}


def history(snapshot: Snapshot) -> Drawing | None:
    """Value over trial number, and the best so far; None before a trial has a value."""
    if not snapshot.scored:
        return None
    metric = snapshot.study.metric
    best = improvements(snapshot.scored, snapshot.study.direction)
    drawn = thinned(snapshot.scored, MOST_POINTS, (trial.number for trial in best))
    scale = _value_scale(snapshot)
    figure, tips = new_figure(NARROW, 3.7), Tips()
    axes = figure.subplots()
    if best:
        steps = [*best, best[-1]]
        numbers = [*(trial.number for trial in best), max(snapshot.trials[-1].number, 1)]
        axes.step(
            numbers, [t.value or 0.0 for t in steps], where="post", color=INK, lw=1.4, label="best so far"
        )
    _scatter(axes, tips, drawn, [float(trial.number) for trial in drawn], scale, metric)
    if best:
        _star(axes, tips, best[-1], float(best[-1].number), metric)
    _value_axis(axes, scale, metric)
    axes.set_xlabel("trial")
    _whole_ticks(axes)
    add_legend(figure)
    return to_svg(figure, "history", f"{metric} of each trial and the best so far", tips)


def curves(snapshot: Snapshot) -> Drawing | None:
    """Train and validation over epochs, a panel for each of the best trials; None where there is none."""
    metric, name = snapshot.study.metric, snapshot.study.metric.removeprefix("val_")
    drawn = [
        (entry, snapshot.curves[entry.trial])
        for entry in snapshot.entries
        if snapshot.curves.get(entry.trial)
    ]
    values = [value for _, curve in drawn for log in (name, metric) for value in curve.get(log, ())]
    values = [value for value in values if isfinite(value)]
    if not values:
        return None
    scale = ValueScale.of(values, snapshot.study.direction)
    columns = min(2, len(drawn))
    rows = -(-len(drawn) // columns)
    figure, tips = new_figure(NARROW, 0.6 + 1.9 * rows), Tips()
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for axes, (entry, curve) in zip(panels, drawn, strict=False):
        _draw_curve(axes, tips, entry, curve, metric)
    for axes in panels[len(drawn) :]:
        axes.set_visible(False)
    for axes in panels[max(0, len(drawn) - columns) : len(drawn)]:
        axes.set_xlabel("epoch")
    for axes in panels[::columns]:
        _value_axis(axes, scale, name)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return to_svg(figure, "curves", f"learning curves of the {len(drawn)} best trials", tips)


def _draw_curve(axes: Axes, tips: Tips, entry: Entry, curve: History, metric: str) -> None:
    """Train dashed, validation solid, the best epoch dotted."""
    logs = ((metric.removeprefix("val_"), "train", "--", MUTED), (metric, "validation", "-", ACCENT))
    for log, label, style, colour in logs:
        heights = [value if isfinite(value) else nan for value in curve.get(log, ())]
        if not heights:
            continue
        marker = "o" if len(heights) < 3 else None  # a line of one point would not be seen
        epochs = range(1, len(heights) + 1)
        (line,) = axes.plot(epochs, heights, style, color=colour, lw=1.5, marker=marker, ms=3, label=label)
        if marker is None:
            tips.add(line, [f"trial {entry.trial}, {label}"])
    if entry.best_epoch:
        axes.axvline(entry.best_epoch, color=INK, lw=0.9, ls=":", label="best epoch")
    axes.set_title(f"rank {entry.rank}: trial {entry.trial}")
    _whole_ticks(axes)


def slices(snapshot: Snapshot, names: Sequence[str] = ()) -> Drawing | None:
    """Value over each of the two most important parameters, or over `names`; None before two trials are complete."""
    asked = (ParameterScale.of(name, snapshot.complete) for name in names)
    scales = [scale for scale in asked if scale is not None] if names else two_scales(snapshot)
    if not scales or len(snapshot.complete) < 2:
        return None
    metric, best = snapshot.study.metric, snapshot.complete[0]
    value_scale = _value_scale(snapshot)
    figure, tips = new_figure(NARROW, 3.6), Tips()
    panels = figure.subplots(1, len(scales), sharey=True, squeeze=False).ravel()
    for axes, scale in zip(panels, scales, strict=True):
        having = [trial for trial in snapshot.scored if scale.place(trial) is not None]
        drawn = thinned(having, MOST_POINTS)
        _scatter(axes, tips, drawn, [spread(scale, trial) for trial in drawn], value_scale, metric)
        if scale.place(best) is not None:
            _star(axes, tips, best, spread(scale, best), metric)
        scale.dress(axes, "x")
    _value_axis(panels[0], value_scale, metric)
    add_legend(figure)
    return to_svg(figure, "slices", f"{metric} over {' and over '.join(s.title for s in scales)}", tips)


def two_scales(snapshot: Snapshot) -> list[ParameterScale]:
    """The two most important parameters that vary, or as many as there are."""
    scales = (ParameterScale.of(name, snapshot.complete) for name in snapshot.parameters)
    return [scale for scale in scales if scale is not None][:2]


def spread(scale: ParameterScale, trial: TrialRecord) -> float:
    """The place of a trial; trials of one value stand beside each other, always at the same places."""
    place = scale.place(trial) or 0.0
    golden = 0.618034  # multiples of the golden ratio fill an interval evenly
    return place + (trial.number * golden % 1 - 0.5) * 0.6 if scale.crowded else place


def _scatter(
    axes: Axes, tips: Tips, trials: list[TrialRecord], places: list[float], scale: ValueScale, metric: str
) -> None:
    """Complete and pruned trials by shape; those beyond the scale as triangles at its edge."""
    for state, style in (("PRUNED", PRUNED), ("COMPLETE", COMPLETE)):
        for inside in (True, False):
            marks = [
                (trial, place)
                for trial, place in zip(trials, places, strict=True)
                if trial.state.name == state and scale.holds(trial.value or 0.0) is inside
            ]
            if not marks:
                continue
            many = {"markersize": 3.5} if len(trials) > _MANY else {}
            beyond = {"marker": "v" if (marks[0][0].value or 0.0) < scale.low else "^", "markersize": 6}
            tips.marks(
                axes,
                [place for _, place in marks],
                [scale.clip(trial.value or 0.0) for trial, _ in marks],
                [describe(trial, metric) for trial, _ in marks],
                label=state.lower() + ("" if inside else ", off the scale"),
                **{**style, **many, **({} if inside else beyond)},
            )


def _star(axes: Axes, tips: Tips, best: TrialRecord, place: float, metric: str) -> None:
    tips.marks(axes, [place], [best.value or 0.0], [describe(best, metric)], label="best", **BEST)


def _value_scale(snapshot: Snapshot) -> ValueScale:
    return ValueScale.of([trial.value or 0.0 for trial in snapshot.scored], snapshot.study.direction)


def _value_axis(axes: Axes, scale: ValueScale, metric: str) -> None:
    from matplotlib.ticker import StrMethodFormatter

    axes.set_ylim(scale.low, scale.high)
    axes.set_ylabel(metric)
    if max(abs(scale.low), abs(scale.high)) >= 1000:
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def _whole_ticks(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
