"""Pictures of what a model answers where answers are classes: precision and recall, calibration, confusion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from search.analysis.report.answers import Answers
from search.analysis.report.drawing import (
    ACCENT,
    INK,
    MUTED,
    NARROW,
    PAPER,
    Tips,
    add_legend,
    clean,
    new_figure,
    to_svg,
)
from search.analysis.report.scales import short, thinned_places
from search.conclusion.statistics.intervals import wilson

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from search.data.rows.raw import Array

MOST_CLASSES = 12
_THRESHOLDS = tuple(tenth / 10 for tenth in range(1, 10))
_MOST_STEPS = 400
_APART = 0.1
_PRECISION = (
    "Answered above a lower probability, more rows of the class are found (recall), and fewer of those that are "
    "answered are of it (precision). Numbers are thresholds; the star is the one that is used."
)
_CALIBRATION = (
    "Rows in groups by the probability that they were given: below the dashed line the model is too sure, above it not "
    "sure enough."
)
_CONFUSION = "What rows are, by what is answered; the stronger the colour, the larger the share of the class."
_BINS = 10
_ROWS_OF_A_BIN = 20


def all_of(found: Answers) -> list[tuple[Markup, str]]:
    """The pictures that there are, each with what it shows."""
    captions = (
        (precision_recall(found), _PRECISION),
        (calibration(found), _CALIBRATION),
        (confusion(found), _CONFUSION),
    )
    return [(picture, caption) for picture, caption in captions if picture is not None]


def precision_recall(found: Answers) -> Markup | None:
    """Precision over recall at every threshold of two classes, with some marked; None of others."""
    if found.spec.task != "binary":
        return None
    positive = found.y > 0
    if not positive.any():
        return None
    curve = _Curve.of(found.answers[:, 1], positive)
    figure, tips = new_figure(NARROW, 3.9), Tips()
    axes = figure.subplots()
    drawn = thinned_places(len(curve.recall), _MOST_STEPS)
    axes.plot(curve.recall[drawn], curve.precision[drawn], color=ACCENT, lw=1.6, label="all thresholds")
    axes.axhline(float(positive.mean()), color=MUTED, ls=":", lw=1, label="answered for every row")
    shown = [(place, level) for level in _THRESHOLDS if (place := curve.above(level)) is not None]
    curve.mark(tips, axes, shown, marker="o", markersize=5, color=ACCENT, markeredgecolor=PAPER)
    _label(axes, [(curve.recall[place], curve.precision[place], f"{level:g}") for place, level in shown])
    used = curve.above(found.threshold)
    if used is not None:
        star = {"marker": "*", "markersize": 13, "color": INK, "markeredgecolor": PAPER}
        curve.mark(tips, axes, [(used, found.threshold)], label="threshold that is used", **star)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.05), xlabel="recall", ylabel="precision")
    add_legend(figure)
    name = short(found.spec.class_names[1], 24)
    return to_svg(
        figure, f"{found.mark}precision", f"precision over recall of class {name} at every threshold", tips
    )


@dataclass(frozen=True)
class _Curve:
    """At each score, from the highest down: recall and precision where it and all above are answered; (scores,)."""

    scores: Array
    recall: Array
    precision: Array

    @classmethod
    def of(cls, scores: Array, positive: Array) -> _Curve:
        """Rows of equal scores are answered together."""
        order = np.argsort(-scores, kind="stable")
        falling, hits = scores[order], np.cumsum(positive[order])
        last = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))
        return cls(falling[last], hits[last] / positive.sum(), hits[last] / (last + 1))

    def above(self, threshold: float) -> int | None:
        """The place of the least score above it; None where none is."""
        place = int((self.scores > threshold).sum()) - 1
        return place if place >= 0 else None

    def mark(self, tips: Tips, axes: Axes, shown: Sequence[tuple[int, float]], **style: Any) -> None:
        """A mark for each place, with its threshold."""
        places = [place for place, _ in shown]
        texts = [
            f"above {threshold:g}: precision {self.precision[place]:.3f}, recall {self.recall[place]:.3f}"
            for place, threshold in shown
        ]
        tips.marks(axes, self.recall[places].tolist(), self.precision[places].tolist(), texts, **style)


def _label(axes: Axes, points: Sequence[tuple[float, float, str]]) -> None:
    """The points in words, without those that would cover another's."""
    labelled: list[tuple[float, float]] = []
    for x, y, text in points:
        if all(abs(x - other_x) > _APART or abs(y - other_y) > _APART for other_x, other_y in labelled):
            axes.annotate(text, (x, y), (4, 4), textcoords="offset points", fontsize=10)
            labelled.append((x, y))


def calibration(found: Answers) -> Markup | None:
    """How often what is answered comes true, over the probability that it was given."""
    if found.spec.task == "binary":
        given, true = found.answers[:, 1].astype(np.float64), found.y > 0
        what = f"of class {short(found.spec.class_names[1], 24)}"
    else:
        given, true = found.answers.max(axis=1).astype(np.float64), found.answered == found.y
        what = "of the class that is answered"
    groups = np.array_split(
        np.argsort(given, kind="stable"), max(min(_BINS, len(given) // _ROWS_OF_A_BIN), 1)
    )
    means = [float(given[group].mean()) for group in groups]
    shares = [float(true[group].mean()) for group in groups]
    ends = [wilson(share, len(group)) for share, group in zip(shares, groups, strict=True)]
    figure, tips = new_figure(NARROW, 3.9), Tips()
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=MUTED, ls="--", lw=1, label="as it says")
    lows, highs = zip(*ends, strict=True)
    axes.vlines(means, lows, highs, color=ACCENT, lw=1.4, label="95 % of so many rows")
    texts = [
        f"given {mean:.3f}, true {share:.3f} of {len(group):,} rows"
        for mean, share, group in zip(means, shares, groups, strict=True)
    ]
    dot = {"marker": "o", "markersize": 6, "color": ACCENT, "markeredgecolor": PAPER}
    tips.marks(axes, means, shares, texts, label=f"{len(groups)} groups", **dot)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel=clean(f"probability {what}"), ylabel="share that is so")
    add_legend(figure)
    return to_svg(figure, f"{found.mark}calibration", f"how often it is so over the probability {what}", tips)


def confusion(found: Answers) -> Markup | None:
    """What rows are by what is answered, the shares of each class shaded; None of many classes."""
    names = found.spec.class_names
    counts = found.evaluation.confusion
    if counts is None or len(names) > MOST_CLASSES:
        return None
    from matplotlib.patches import Rectangle

    figure = new_figure(NARROW, 1.2 + max(0.45 * len(names), 1.6))
    axes = figure.subplots()
    rows = np.maximum(counts.sum(axis=1), 1)
    for (is_, said), count in np.ndenumerate(counts):
        share = float(count / rows[is_])
        axes.add_patch(
            Rectangle((said - 0.5, is_ - 0.5), 1, 1, facecolor=ACCENT, alpha=0.45 * share, edgecolor="none")
        )
        text = f"{count:,}" if len(names) > 6 else f"{count:,}\n{share:.0%}"
        axes.text(said, is_, text, ha="center", va="center", fontsize=10)
    labels = [clean(short(name, 12)) for name in names]
    axes.set_xticks(range(len(names)), labels, rotation=30 if sum(map(len, labels)) > 40 else 0)
    axes.set_yticks(range(len(names)), labels)
    axes.set(
        xlim=(-0.5, len(names) - 0.5),
        ylim=(len(names) - 0.5, -0.5),
        xlabel="what is answered",
        ylabel="what it is",
    )
    axes.grid(visible=False)
    return to_svg(figure, f"{found.mark}confusion", "rows of each class by the class that is answered")
