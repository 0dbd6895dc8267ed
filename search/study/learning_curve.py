"""The learning curve of one trial as an SVG, for people."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from search.text.formats import apart

if TYPE_CHECKING:
    from jinja2 import Template

    from search.study.history import History

# Units of the SVG, which a dashboard shows as pixels. Panels stand one above the other: its cards are narrow.
WIDTH, LEFT, RIGHT = 460, 64, 448
HEAD, PANEL, GAP, FOOT = 32, 200, 16, 44


def learning_curve_svg(history: History, metric: str, best_epoch: int, title: str) -> bytes:
    """An SVG of the metric above the loss: training dashed, validation solid, the best epoch marked if not 0.

    Every trial has one, and matplotlib takes as long for it as a small network takes to train.
    """
    names = list(dict.fromkeys([metric.removeprefix("val_"), "loss"]))
    epochs = len(history["loss"])
    panels = [
        _Panel.of(name, history, best_epoch, HEAD + index * (PANEL + GAP)) for index, name in enumerate(names)
    ]
    drawn: str = _template().render(
        title=f"{title}: best epoch {best_epoch}" if best_epoch else f"{title}: no best epoch",
        panels=panels,
        ticks=[(_across(epoch, epochs), epoch) for epoch in sorted({1, (1 + epochs) // 2, epochs})],
        width=WIDTH,
        left=LEFT,
        right=RIGHT,
        bottom=panels[-1].bottom,
        height=panels[-1].bottom + FOOT,
    )
    return drawn.encode()


@dataclass(frozen=True)
class _Panel:
    """One quantity over the epochs; places in units of the SVG."""

    name: str
    top: float
    bottom: float
    best: float | None
    ticks: list[tuple[float, str]]
    train: list[tuple[float, float]]
    validation: list[tuple[float, float]]

    @classmethod
    def of(cls, name: str, history: History, best_epoch: int, top: float) -> _Panel:
        both = history[name], history[f"val_{name}"]
        finite = [value for values in both for value in values if math.isfinite(value)] or [0.0]
        low, high = min(finite), max(finite)
        room = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
        bottom = top + PANEL

        def down(value: float) -> float:
            return bottom - PANEL * (value - low + room) / (high - low + 2 * room)

        train, validation = (
            [
                (_across(epoch, len(values)), down(value))
                for epoch, value in enumerate(values, 1)
                if math.isfinite(value)
            ]
            for values in both
        )
        places = list(dict.fromkeys([low, (low + high) / 2, high]))
        ticks = [(down(value), words) for value, words in zip(places, apart(places), strict=True)]
        best = _across(best_epoch, len(both[0])) if best_epoch else None
        return cls(name, top, bottom, best, ticks, train, validation)


def _across(epoch: int, epochs: int) -> float:
    return LEFT + 8 + (RIGHT - LEFT - 16) * ((epoch - 1) / (epochs - 1) if epochs > 1 else 0.5)


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("search.study", ".")
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True
    ).get_template("learning_curve.svg.j2")
