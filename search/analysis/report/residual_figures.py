"""Pictures of what a model answers where answers are quantities: errors over predictions, and how they spread."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from search.analysis.report.answers import Answers
from search.analysis.report.drawing import ACCENT, INK, MUTED, NARROW, Tips, add_legend, new_figure, to_svg
from search.analysis.report.scales import MOST_POINTS, thinned_places
from search.text.formats import number

_RESIDUALS = (
    "Each row's error over its prediction. Around 0 everywhere it should be; a slope or a bend is something that the "
    "network has not learnt. Errors beyond the scale stand at its edge."
)
_HISTOGRAM = "Rows by their error; those beyond the scale are counted at its ends."
_BINS = 40
_NAME = "prediction minus target"


def all_of(found: Answers) -> list[tuple[Markup, str]]:
    """The pictures, each with what it shows."""
    return [(residuals(found), _RESIDUALS), (histogram(found), _HISTOGRAM)]


def residuals(found: Answers) -> Markup:
    """Errors over predictions, with the intervals that hold most of them."""
    figure, tips = new_figure(NARROW, 3.9), Tips()
    axes = figure.subplots()
    shown = thinned_places(len(found.y), MOST_POINTS)
    predictions, errors, limit = found.answers[shown], found.errors[shown], _limit(found)
    texts = [
        f"predicted {number(float(prediction))}, is {number(float(prediction - error))}"
        for prediction, error in zip(predictions, errors, strict=True)
    ]
    dot = {"marker": "o", "markersize": 3, "color": ACCENT, "alpha": 0.5, "markeredgewidth": 0}
    heights = np.clip(errors, -limit, limit).tolist()
    tips.marks(axes, predictions.tolist(), heights, texts, label="a row", **dot)
    axes.axhline(0, color=INK, lw=1)
    if found.level is not None:
        along = np.linspace(found.answers.min(), found.answers.max(), 300)
        halves = found.intervals.half_widths(along, found.level)
        between = f"{found.level:.0%} of the rows are between"
        axes.plot(along, np.minimum(halves, limit), color=MUTED, lw=1.4, label=between)
        axes.plot(along, -np.minimum(halves, limit), color=MUTED, lw=1.4)
    axes.set(xlabel="prediction", ylabel=_NAME, ylim=(-1.05 * limit, 1.05 * limit))
    add_legend(figure)
    return to_svg(figure, f"{found.mark}residuals", f"{_NAME} of rows over the prediction", tips)


def histogram(found: Answers) -> Markup:
    """How many rows have which error."""
    figure, limit = new_figure(NARROW, 3.4), _limit(found)
    axes = figure.subplots()
    axes.hist(
        np.clip(found.errors, -limit, limit), bins=_BINS, range=(-limit, limit), color=ACCENT, label="rows"
    )
    axes.axvline(float(found.errors.mean()), color=INK, lw=1.2, ls="--", label="mean")
    axes.set(xlabel=_NAME, ylabel="rows")
    add_legend(figure)
    return to_svg(figure, f"{found.mark}errors", f"how many rows have which {_NAME}")


def _limit(found: Answers) -> float:
    """Where the axis of errors ends: a few large ones would make all others look alike, and stand at its end."""
    sizes = np.abs(found.errors)
    most, usual = float(sizes.max()), 1.5 * float(np.quantile(sizes, 0.99))
    return min(most, usual) or most or 1.0
