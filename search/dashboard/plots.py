"""Three plots of a study for the dashboard's page, as plotly figures in plain JSON: its browser side draws them.

They need no plotly here, whose package is large and whose figures would become this JSON anyway.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from search.analysis.facts.best_so_far import improvements
from search.analysis.facts.busy import Clock, merged
from search.analysis.facts.leaderboard import trials_with_value
from search.analysis.report.scales import ValueScale, thinned
from search.dashboard.draws import expected_best
from search.settings.metrics import Direction, on_train_rows, sign_of
from search.study.trial_record import TrialRecord

Figure = dict[str, Any]
MOST_POINTS = 500
"""Trials drawn in one plot at most; more would make the page slow and look the same."""

_EXPECTATION_POINTS = 100
# Between black and white, since the page may be light or dark; the two others are told apart by the colour-blind.
_GREY, _BLUE, _ORANGE = "#808080", "#2a78c4", "#d9730d"
_NEAREST = "<br>%{xaxis.title.text} %{x}<br>%{yaxis.title.text} %{y:.5g}<extra></extra>"


def plots_of(trials: Sequence[TrialRecord], metric: str, direction: Direction) -> dict[str, Figure]:
    """Name and figure of each plot; none before a trial has a value.

    Args:
        trials: all of a study.
        metric: such as `val_accuracy`; workers leave it and its train twin as attributes of each trial.
    """
    scored = trials_with_value(trials)
    if not scored:
        return {}
    scale = ValueScale.of([_value(trial) for trial in scored], direction)
    drawn = {
        "over-fitting": _gap(scored, metric, scale),
        "size": _size(scored, metric, direction, scale),
        "time": _time(scored, metric, direction, scale),
    }
    return {name: figure for name, figure in drawn.items() if figure is not None}


def _gap(scored: Sequence[TrialRecord], metric: str, scale: ValueScale) -> Figure | None:
    train = metric.removeprefix("val_")
    both = [t for t in scored if t.at_best(train) is not None and t.at_best(metric) is not None]
    if not both:
        return None
    shown = thinned(both, MOST_POINTS)
    xs = [_at(trial, train) for trial in shown]
    ends = [max(min(xs), scale.low), min(max(xs), scale.high)]
    equal = _line(ends, ends, "as good on train rows", _GREY, dash="dot")
    points = [
        _points(part, [_at(t, train) for t in part], [_at(t, metric) for t in part], state)
        for state, part in _by_state(shown)
    ]
    title = f"{metric} against {on_train_rows(metric)} at each trial's best epoch{_of(shown, both)}"
    return _figure(title, [equal, *points], on_train_rows(metric), metric, scale)


def _size(
    scored: Sequence[TrialRecord], metric: str, direction: Direction, scale: ValueScale
) -> Figure | None:
    sized = [trial for trial in scored if trial.state.name == "COMPLETE" and trial.parameters is not None]
    if not sized:
        return None
    front = pareto_front(sized, direction)
    shown = thinned(sized, MOST_POINTS, (trial.number for trial in front))
    points = _points(
        shown, [_weights(trial) for trial in shown], [_value(trial) for trial in shown], "complete"
    )
    best = _line(
        [_weights(t) for t in front], [_value(t) for t in front], "Pareto front", _ORANGE, shape="hv"
    )
    best |= {"mode": "lines+markers", "customdata": [trial.number for trial in front]}
    best |= {"hovertemplate": "trial %{customdata}" + _NEAREST, "hoverinfo": "all"}
    title = f"{metric} against weights: the front has nothing both smaller and better{_of(shown, sized)}"
    return _figure(title, [points, best], "parameters", metric, scale, log_x=True)


def _time(
    scored: Sequence[TrialRecord], metric: str, direction: Direction, scale: ValueScale
) -> Figure | None:
    timed = [trial for trial in scored if trial.datetime_start and trial.datetime_complete]
    if not timed:
        return None
    spans = [(t.datetime_start, t.datetime_complete) for t in timed]
    clock = Clock(merged(spans))  # type: ignore[arg-type]
    seconds = [clock.at(end) for _, end in spans]  # type: ignore[arg-type]
    order = sorted(range(len(timed)), key=lambda i: (seconds[i], timed[i].number))
    ended, unit, per = [timed[i] for i in order], *_unit(max(seconds))
    at = {timed[i].number: seconds[i] / per for i in order}
    best = improvements(ended, direction)
    steps = [*best, *best[-1:]]
    xs = [*(at[trial.number] for trial in best), at[ended[-1].number]][: len(steps)]
    lines = [_line(xs, [_value(t) for t in steps], "best so far", _BLUE, shape="hv")] if best else []
    ks = np.unique(np.geomspace(1, len(ended), min(_EXPECTATION_POINTS, len(ended))).round().astype(int))
    expected = expected_best([_value(trial) for trial in ended], ks, direction)
    lines.append(
        _line(
            [at[ended[k - 1].number] for k in ks],
            expected.tolist(),
            "expected of as many random draws from these trials",
            _ORANGE,
            dash="dash",
        )
    )
    title = f"best {metric} over the time in which trials ran"
    return _figure(title, lines, unit, metric, scale)


def pareto_front(trials: Sequence[TrialRecord], direction: Direction) -> list[TrialRecord]:
    """Of `trials` with a number of weights, those that no other is both as small and better than, smallest first."""
    sign = sign_of(direction)
    return improvements(sorted(trials, key=lambda t: (_weights(t), -sign * _value(t), t.number)), direction)


def _value(trial: TrialRecord) -> float:
    return float(trial.value or 0.0)


def _at(trial: TrialRecord, metric: str) -> float:
    return float(trial.at_best(metric) or 0.0)


def _weights(trial: TrialRecord) -> int:
    return trial.parameters or 0


def _by_state(trials: Sequence[TrialRecord]) -> list[tuple[str, list[TrialRecord]]]:
    parts = [
        (state, [t for t in trials if t.state.name == state.upper()]) for state in ("pruned", "complete")
    ]
    return [(state, part) for state, part in parts if part]


def _of(shown: Sequence[object], all_: Sequence[object]) -> str:
    return "" if len(shown) == len(all_) else f" ({len(shown):,} of {len(all_):,} trials)"


def _unit(seconds: float) -> tuple[str, float]:
    for unit, size in (("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * size:
            return unit, size
    return "seconds", 1.0


def _points(trials: Sequence[TrialRecord], xs: Sequence[float], ys: Sequence[float], state: str) -> Figure:
    symbol = {"size": 7, "color": _BLUE, "opacity": 0.8}
    if state == "pruned":
        symbol = {"size": 6, "color": _GREY, "symbol": "x-thin-open", "opacity": 0.9}
    return _trace("markers", state, xs, ys) | {
        "customdata": [trial.number for trial in trials],
        "hovertemplate": f"trial %{{customdata}} ({state})" + _NEAREST,
        "marker": symbol,
    }


def _line(
    xs: Sequence[float],
    ys: Sequence[float],
    name: str,
    color: str,
    *,
    dash: str = "solid",
    shape: str = "linear",
) -> Figure:
    return _trace("lines", name, xs, ys) | {
        "line": {"color": color, "dash": dash, "shape": shape, "width": 2},
        "hoverinfo": "x+y" if dash != "dot" else "skip",
    }


def _trace(mode: str, name: str, xs: Sequence[float], ys: Sequence[float]) -> Figure:
    places = {"x": [_short(x) for x in xs], "y": [_short(y) for y in ys]}
    return {"type": "scatter", "mode": mode, "name": name, **places}


def _short(value: float) -> float | None:
    """Six digits are more than a screen shows; JSON knows no NaN."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _figure(
    title: str, data: list[Figure], x: str, y: str, scale: ValueScale, *, log_x: bool = False
) -> Figure:
    """Axes and colours that do on the dashboard's light and dark pages."""
    axis = {"gridcolor": "rgba(128,128,128,0.25)", "zeroline": False, "automargin": True}
    x_axis = {**axis, "title": {"text": html.escape(x)}, "type": "log" if log_x else "linear"}
    # Diverged trials stay beyond the edge; a double click shows them.
    y_axis = {**axis, "title": {"text": html.escape(y)}, "range": [scale.low, scale.high]}
    return {
        "data": data,
        "layout": {
            "title": {"text": html.escape(title), "font": {"size": 14}, "x": 0.02, "xanchor": "left"},
            "xaxis": x_axis,
            "yaxis": y_axis,
            "font": {"color": _GREY},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "legend": {"orientation": "h", "y": -0.2},
            "margin": {"l": 60, "r": 20, "t": 48, "b": 60},
        },
    }
