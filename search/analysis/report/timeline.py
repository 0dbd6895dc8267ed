"""When each worker trained which trial."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from search.analysis.facts.busy import Clock, merged
from search.analysis.facts.cost import span_of
from search.analysis.report.drawing import (
    ACCENT,
    INK,
    MUTED,
    PAPER,
    WIDE,
    Drawing,
    Tips,
    add_legend,
    new_figure,
    to_svg,
)
from search.analysis.report.scales import MOST_POINTS, describe
from search.analysis.report.snapshot import Snapshot
from search.study.trial_record import TrialRecord
from search.text.formats import duration

MOST_LANES = 40
_PAUSE_SHARE = 0.08
_STYLES: dict[str, dict[str, Any]] = {
    "complete": {"facecolor": ACCENT, "edgecolor": PAPER},
    "pruned": {"facecolor": PAPER, "edgecolor": MUTED, "hatch": "////"},
    "failed or run again": {"facecolor": INK, "edgecolor": PAPER},
    "running": {"facecolor": PAPER, "edgecolor": ACCENT, "linestyle": "--"},
}


@dataclass(frozen=True)
class Lane:
    """What one worker did, in order."""

    worker: str
    trials: list[TrialRecord]


def lanes(trials: Sequence[TrialRecord], now: datetime) -> list[Lane]:
    """Trials by the worker that trained them, in order of each worker's first trial.

    A trial that does not name its worker (one that runs, or failed) is put where it overlaps with no other.
    """
    begun = sorted((t for t in trials if t.datetime_start is not None), key=lambda t: span_of(t, now))
    found: dict[str, list[TrialRecord]] = {}
    for trial in begun:
        if (worker := _worker(trial)) is not None:
            found.setdefault(worker, []).append(trial)
    for trial in begun:
        if _worker(trial) is None:
            names = [*found, *(f"unknown worker {k + 1}" for k in range(len(found) + 1))]
            free = next(name for name in names if _fits(found.get(name, []), trial, now))
            insort(found.setdefault(free, []), trial, key=lambda other: span_of(other, now))
    ordered = sorted(found.items(), key=lambda item: span_of(item[1][0], now))
    return [Lane(worker, attempts) for worker, attempts in ordered]


def _worker(trial: TrialRecord) -> str | None:
    return None if trial.process is None else f"{trial.host}, process {trial.process}"


def _fits(lane: list[TrialRecord], trial: TrialRecord, now: datetime) -> bool:
    start, end = span_of(trial, now)
    after = bisect_left(lane, (start, end), key=lambda other: span_of(other, now))
    return (after == 0 or span_of(lane[after - 1], now)[1] <= start) and (
        after == len(lane) or end <= span_of(lane[after], now)[0]
    )


def timeline(snapshot: Snapshot) -> Drawing | None:
    """A bar for each trial, a row for each worker; None before a trial has begun.

    Of a long study, bars that would not be told apart are drawn as one.
    """
    all_lanes = lanes(snapshot.own, snapshot.read)
    if not all_lanes:
        return None
    shown = all_lanes[:MOST_LANES]
    begun = [trial for lane in all_lanes for trial in lane.trials]
    clock = Clock(merged(span_of(trial, snapshot.read) for trial in begun), _PAUSE_SHARE)
    end = max(clock.at(span_of(trial, snapshot.read)[1]) for trial in begun) or 1.0
    unit, name = next(
        (u, n)
        for u, n in ((86400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds"))
        if end > 2 * u or u == 1
    )
    figure, tips = new_figure(WIDE, 1.1 + 0.26 * len(shown)), Tips()
    axes = figure.subplots()
    for row, lane in enumerate(shown):
        if len(begun) > MOST_POINTS:
            _busy_bars(axes, row, lane, snapshot, clock, end / 2000, unit)
        else:
            _trial_bars(axes, tips, row, lane, snapshot, clock, unit)
    for place, seconds in clock.pauses:
        axes.axvline(place / unit, color=INK, lw=1, ls=":")
        axes.text(place / unit, -0.75, f"pause of {duration(seconds)}", ha="center", va="bottom", fontsize=9)
    _dress(axes, shown, end / unit, f"{name} since the first trial began")
    add_legend(figure)
    return to_svg(figure, "timeline", f"trials of {len(shown)} workers over time", tips)


def _trial_bars(
    axes: Any, tips: Tips, row: int, lane: Lane, snapshot: Snapshot, clock: Clock, unit: int
) -> None:
    for trial in lane.trials:
        start, end = (clock.at(moment) / unit for moment in span_of(trial, snapshot.read))
        kind = {"COMPLETE": "complete", "PRUNED": "pruned", "RUNNING": "running"}.get(
            trial.state.name, "failed or run again"
        )
        (bar,) = axes.barh(row, end - start, left=start, height=0.78, lw=0.6, label=kind, **_STYLES[kind])
        took = duration((end - start) * unit)
        tips.add(bar, [f"{describe(trial, snapshot.study.metric)}\n{took} on {lane.worker}"])


def _busy_bars(
    axes: Any, row: int, lane: Lane, snapshot: Snapshot, clock: Clock, gap: float, unit: int
) -> None:
    """Stretches in which the worker had a trial, gaps below `gap` seconds closed."""
    stretches: list[list[float]] = []
    for trial in lane.trials:
        start, end = (clock.at(moment) for moment in span_of(trial, snapshot.read))
        if stretches and start - stretches[-1][1] < gap:
            stretches[-1][1] = max(end, stretches[-1][1])
        else:
            stretches.append([start, end])
    bars = [(start / unit, (end - start) / unit) for start, end in stretches]
    axes.broken_barh(bars, (row - 0.39, 0.78), facecolor=ACCENT, edgecolor="none", label="training")


def _dress(axes: Any, shown: list[Lane], end: float, label: str) -> None:
    axes.set_yticks(range(len(shown)), [f"worker {row + 1}" for row in range(len(shown))])
    axes.set_ylim(len(shown) - 0.45, -0.75)
    axes.set_xlim(0, end * 1.005)
    axes.set_xlabel(label)
    axes.grid(visible=False, axis="y")
