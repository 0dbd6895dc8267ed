"""Pictures that stand in no page, where tables tell the same: importance as bars, and how much trials over-fit."""

from __future__ import annotations

from search.analysis.report.drawing import (
    ACCENT,
    MUTED,
    NARROW,
    Drawing,
    Tips,
    add_legend,
    new_figure,
    to_svg,
)
from search.analysis.report.figures import COMPLETE, PRUNED
from search.analysis.report.scales import MOST_POINTS, ValueScale, describe, thinned
from search.analysis.report.snapshot import Snapshot
from search.settings.metrics import on_train_rows


def importance(snapshot: Snapshot) -> Drawing | None:
    """A bar for each parameter, the most important above; None before that is known."""
    bars = snapshot.importance_bars
    if not bars:
        return None
    figure, tips = new_figure(NARROW, 0.8 + 0.28 * len(bars)), Tips()
    axes = figure.subplots()
    for row, (name, words, share) in enumerate(bars):
        (bar,) = axes.barh(row, share, height=0.7, color=ACCENT, lw=0)
        tips.add(bar, [f"{name}: {words}"])
    axes.set_yticks(range(len(bars)), [name for name, _, _ in bars])
    axes.set_ylim(len(bars) - 0.5, -0.5)
    axes.set_xlim(0, None)
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.set_xlabel(f"share of what made {snapshot.study.metric} differ")
    axes.grid(visible=False, axis="y")
    return to_svg(figure, "importance", "importance of each hyperparameter", tips)


def gap(snapshot: Snapshot) -> Drawing | None:
    """The metric on validation rows over that on train rows, at each trial's best epoch; None where neither is kept."""
    metric = snapshot.study.metric
    train = metric.removeprefix("val_")
    both = [t for t in snapshot.scored if t.at_best(train) is not None and t.at_best(metric) is not None]
    if not both:
        return None
    values = [float(t.at_best(name) or 0.0) for t in both for name in (train, metric)]
    scale = ValueScale.of(values, snapshot.study.direction)
    drawn = thinned(both, MOST_POINTS)
    figure, tips = new_figure(NARROW, 4.4), Tips()
    axes = figure.subplots()
    ends = [scale.low, scale.high]
    axes.plot(ends, ends, color=MUTED, lw=1, ls=":", label="as good on train rows")
    for state, style in (("PRUNED", PRUNED), ("COMPLETE", COMPLETE)):
        marks = [trial for trial in drawn if trial.state.name == state]
        if marks:
            tips.marks(
                axes,
                [scale.clip(trial.at_best(train) or 0.0) for trial in marks],
                [scale.clip(trial.at_best(metric) or 0.0) for trial in marks],
                [describe(trial, metric) for trial in marks],
                label=state.lower(),
                **style,
            )
    axes.set_xlim(*ends)
    axes.set_ylim(*ends)
    axes.set_xlabel(on_train_rows(metric))
    axes.set_ylabel(metric)
    add_legend(figure)
    return to_svg(figure, "gap", f"{metric} over {on_train_rows(metric)} of each trial", tips)
