"""What `ablate` found, in the words and the picture of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from search.analysis.facts.table_rows import factor_rows
from search.analysis.report.drawing import INK, MUTED, NARROW, PAPER, Tips, clean, new_figure, to_svg
from search.analysis.report.scales import ValueScale
from search.conclusion.ablation.factors import words
from search.conclusion.ablation.record import Ablation, Effect, best_ablation
from search.conclusion.ablation.words import (
    Importances,
    chance,
    disagreements,
    headline,
    sentence,
)
from search.conclusion.statistics.words import unit_of
from search.study.study import Study

_MOST_CHARACTERS = 38


@dataclass(frozen=True)
class Ablated:
    """An ablation; `rows` are factor, what it was changed to, change, parameters, time, and the sentence."""

    ablation: Ablation
    headline: str
    rows: list[tuple[str, ...]]
    chance: str
    disagreements: list[str]


def ablated_of(study: Study, importances: Importances) -> Ablated | None:
    """Around the best trial that was taken for it; None where there was no ablation."""
    ablation = best_ablation(study)
    if ablation is None:
        return None
    return Ablated(
        ablation=ablation,
        headline=headline(ablation),
        rows=[
            (*row, sentence(effect, ablation.metric))
            for row, effect in zip(factor_rows(ablation), ablation.effects, strict=True)
        ],
        chance=chance(ablation),
        disagreements=disagreements(ablation, importances),
    )


def intervals(study: Study) -> Markup | None:
    """The change that each variation makes, with its interval: filled where seeds and rows show one."""
    ablation = best_ablation(study)
    drawn = [] if ablation is None else [one for one in ablation.effects if one.change is not None]
    if ablation is None or not drawn:
        return None
    factor, unit = unit_of(ablation.metric)
    changes = [factor * (one.change or 0.0) for one in drawn]
    scale = ValueScale.of([0.0, *changes], ablation.direction, margin=0.2)
    figure, tips = new_figure(NARROW, 0.9 + 0.27 * len(drawn)), Tips()
    axes = figure.subplots()
    axes.axvline(0, color=INK, lw=1)
    for place, (one, mean) in enumerate(zip(drawn, changes, strict=True)):
        if one.interval is not None:
            low, high = (scale.clip(factor * bound) for bound in one.interval)
            axes.plot([low, high], [place, place], color=INK, lw=1.6 if one.is_clear else 0.8)
        text = sentence(one, ablation.metric)
        tips.marks(axes, [scale.clip(mean)], [place], [text], **_mark(one, mean, scale))
    axes.set_yticks(range(len(drawn)), [_label(one) for one in drawn])
    axes.tick_params("y", length=0, pad=9)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlim(scale.low, scale.high)
    axes.set_xlabel(
        f"change of {ablation.metric}, {unit}" if unit == "points" else f"change of {ablation.metric}"
    )
    return to_svg(figure, "ablation", f"what changing one factor of trial {ablation.trial} does", tips)


def _mark(effect: Effect, mean: float, scale: ValueScale) -> dict[str, Any]:
    """By shape: filled, hollow, or a triangle at the edge for what lies beyond the scale."""
    marker = "o" if scale.holds(mean) else "<" if mean < scale.low else ">"
    filled = {"color": INK} if effect.is_clear else {"markerfacecolor": PAPER, "markeredgecolor": MUTED}
    return {"marker": marker, "markersize": 6, "markeredgewidth": 1.2, **filled}


def _label(effect: Effect) -> str:
    text = f"{words(effect.parameter)} {effect.before} \N{RIGHTWARDS ARROW} {effect.after}"
    return clean(text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…")
