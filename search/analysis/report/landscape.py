"""Pictures of several parameters at once: a contour of the two most important, parallel coordinates of many."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from search.analysis.report.drawing import (
    ACCENT,
    INK,
    MUTED,
    NARROW,
    PAPER,
    WIDE,
    Drawing,
    Tips,
    new_figure,
    to_svg,
)
from search.analysis.report.figures import BEST, spread, two_scales
from search.analysis.report.scales import ParameterScale, ValueScale, describe, thinned
from search.analysis.report.snapshot import Snapshot
from search.settings.metrics import sign_of
from search.text.formats import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch
    from numpy.typing import NDArray

    from search.study.trial_record import TrialRecord

FEWEST_FOR_CONTOUR = 10
MOST_LINES = 200
BEST_LINES = 20
MOST_MARKS = 400
MOST_AXES = 8
_LEVELS = 4
_UNUSED = -0.14


def contour(snapshot: Snapshot) -> Drawing | None:
    """Complete trials over two parameters, the best quarter filled; shades between them where both are numbers.

    None where fewer than two parameters vary, or fewer than two trials have both.
    """
    scales = two_scales(snapshot)
    if len(scales) < 2:
        return None
    across, up = scales
    metric, sign = snapshot.study.metric, -sign_of(snapshot.study.direction)
    both = [t for t in snapshot.complete if across.place(t) is not None and up.place(t) is not None]
    if len(both) < 2:
        return None
    figure, tips = new_figure(NARROW, 4.4), Tips()
    axes = figure.subplots()
    axes.grid(visible=False)
    across.dress(axes, "x")
    up.dress(axes, "y")
    keys: list[Patch] = []
    if not across.choices and not up.choices and len(both) >= FEWEST_FOR_CONTOUR:
        keys = _shades(axes, both, across, up, snapshot.study.direction)
    drawn = thinned(both, MOST_MARKS)
    cut = float(np.quantile([sign * (trial.value or 0.0) for trial in both], 0.25))
    for best_quarter in (False, True):
        marks = [trial for trial in drawn[1:] if (sign * (trial.value or 0.0) <= cut) is best_quarter]
        if not marks:
            continue
        tips.marks(
            axes,
            [spread(across, trial) for trial in marks],
            [spread(up, trial) for trial in marks],
            [describe(trial, metric) for trial in marks],
            marker="o",
            markersize=5.5 if best_quarter else 4.5,
            markerfacecolor=ACCENT if best_quarter else PAPER,
            markeredgecolor=PAPER if best_quarter else MUTED,
            label="best quarter" if best_quarter else "other complete trials",
        )
    place = [spread(across, both[0])], [spread(up, both[0])]
    tips.marks(axes, *place, [describe(both[0], metric)], label="best", **BEST)
    handles, _ = axes.get_legend_handles_labels()
    figure.legend(handles=[*handles, *keys], loc="outside lower center", ncols=3)
    return to_svg(figure, "contour", f"{metric} over {across.title} and {up.title}", tips)


def _shades(
    axes: Axes, trials: list[TrialRecord], across: ParameterScale, up: ParameterScale, direction: str
) -> list[Patch]:
    """Shades between the trials by linear interpolation over Delaunay's triangles, and a key to each.

    Each shade covers an equal share of the area.
    """
    from matplotlib.patches import Patch
    from matplotlib.tri import LinearTriInterpolator, Triangulation

    at: dict[tuple[float, float], list[float]] = {}
    for trial in trials:
        key = across.share(across.place(trial) or 0.0), up.share(up.place(trial) or 0.0)
        at.setdefault(key, []).append(trial.value or 0.0)
    places = np.array(list(at))
    if len(places) < 4 or np.linalg.matrix_rank(places - places[0], tol=1e-6) < 2:
        return []  # on one line there is no triangle
    values = np.array([float(np.mean(several)) for several in at.values()])
    scale = ValueScale.of(list(values), direction)
    clipped = np.clip(values, scale.low, scale.high)
    surface = LinearTriInterpolator(Triangulation(places[:, 0], places[:, 1]), clipped)
    shares = np.linspace(0, 1, 80)
    grid = surface(*np.meshgrid(shares, shares))
    inside = grid.compressed()
    levels = np.unique(np.quantile(inside, np.linspace(0, 1, _LEVELS + 1))[1:-1])
    levels = levels[(levels > inside.min()) & (levels < inside.max())]
    if not len(levels):
        return []
    x, y = _unshared(across, shares), _unshared(up, shares)
    keys = []
    edges = [float(inside.min()) - 1.0, *levels, float(inside.max()) + 1.0]
    for k, (low, high) in enumerate(pairwise(edges)):
        step = k if direction == "maximize" else len(levels) - k
        strength = 0.08 + 0.5 * step / len(levels)
        axes.contourf(x, y, grid, [low, high], colors=[ACCENT], alpha=strength)
        words = f"below {number(high)}" if k == 0 else f"from {number(low)}"
        keys.append(Patch(facecolor=ACCENT, alpha=strength, edgecolor="none", label=words))
    return keys


def _unshared(scale: ParameterScale, shares: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = scale.ends
    if scale.log:
        return np.exp(math.log(low) + shares * (math.log(high) - math.log(low)))
    return low + shares * (high - low)


def parallel(snapshot: Snapshot) -> Drawing | None:
    """A line for each complete trial, through its value of each parameter; the best ones thick.

    None before two trials are complete.
    """
    scales = [
        s for name in snapshot.parameters if (s := ParameterScale.of(name, snapshot.complete)) is not None
    ]
    scales = scales[:MOST_AXES]
    if not scales or len(snapshot.complete) < 2:
        return None
    metric = snapshot.study.metric
    values = [trial.value or 0.0 for trial in snapshot.complete]
    value_scale = ValueScale.of(values, snapshot.study.direction, margin=0)
    best_tenth = max(1, len(snapshot.complete) // 10)
    drawn = thinned(snapshot.complete, MOST_LINES, (trial.number for trial in snapshot.complete[:BEST_LINES]))
    figure, tips = new_figure(WIDE, 4.2), Tips()
    axes = figure.subplots()
    best = {trial.number for trial in snapshot.complete[:best_tenth]}
    for trial in reversed(drawn):
        heights = [_height(scale, trial) for scale in scales]
        heights.append(value_scale.share(trial.value or 0.0))
        style: dict[str, Any] = {"color": MUTED, "lw": 0.7, "alpha": 0.45}
        if trial.number in best:
            style = {"color": ACCENT, "lw": 1.5, "alpha": 0.9}
        if trial is snapshot.complete[0]:
            style = {"color": INK, "lw": 2.6, "alpha": 1}
        (line,) = axes.plot(range(len(heights)), heights, solid_joinstyle="round", **style)
        tips.add(line, [describe(trial, metric)])
    _parallel_axes(axes, scales, value_scale, metric)
    return to_svg(figure, "parallel", f"parameters and {metric} of {len(drawn)} complete trials", tips)


def _height(scale: ParameterScale, trial: TrialRecord) -> float:
    """0 to 1 along a parameter's axis, and below it where the trial has no such parameter."""
    place = scale.place(trial)
    if place is None:
        return _UNUSED
    # Many trials share a choice: a little apart, their lines can be told from each other.
    apart = (trial.number * 0.618034 % 1 - 0.5) * 0.06 if scale.choices else 0.0
    return scale.share(place) + apart


def _parallel_axes(axes: Axes, scales: list[ParameterScale], value_scale: ValueScale, metric: str) -> None:
    axes.grid(visible=False)
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    columns = [(scale.title, [(scale.share(p), text) for p, text in scale.labels()]) for scale in scales]
    ends = [(0.0, number(value_scale.low)), (1.0, number(value_scale.high))]
    columns.append((metric, ends))
    halo = {"boxstyle": "round,pad=0.15", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.85}
    for x, (_, labels) in enumerate(columns):
        axes.axvline(x, color=MUTED, lw=1, ymin=0.0)
        for height, text in labels:
            axes.text(x, height, text, ha="center", va="center", fontsize=9.5, bbox=halo, zorder=4)
    axes.set_xticks(range(len(columns)), [name for name, _ in columns])
    axes.tick_params("x", length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.set_xlim(-0.65, len(columns) - 0.65)
    axes.set_ylim(_UNUSED - 0.04, 1.07)
    axes.text(-0.12, _UNUSED, "not used", ha="right", va="center", fontsize=9, color=MUTED)
