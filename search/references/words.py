"""Reference models in words: what each reached, and who is ahead."""

from __future__ import annotations

import math
from collections.abc import Sequence

from search.references.record import NAMES, Reference, ReferenceName, References
from search.settings.metrics import Direction, is_better, sign_of
from search.text.formats import number

TITLES: dict[ReferenceName, str] = {
    "constant": "constant",
    "linear": "linear model",
    "trees": "boosted trees",
}


def told(reference: Reference, metric: str) -> str:
    """That one was fitted, or why it was not: a line while a study runs."""
    title = TITLES[reference.name]
    if reference.reason is not None:
        return f"{title}, to compare networks with: not fitted, {reference.reason}"
    value = reference.value(metric)
    values = reference.metrics if value is None else {metric.removeprefix("val_"): value}
    reached = ", ".join(f"val_{name} {number(of)}" for name, of in values.items())
    noted = "" if reference.note is None else f"; it {reference.note}"
    return f"{title}, to compare networks with: {reached}{noted}"


def values_in_words(references: References, metric: str) -> str:
    """`constant 0.7590, linear model 0.8521, boosted trees …`; empty before there is one with this metric.

    Dots stand for what is still to come, a dash for what could not be fitted.
    """
    if not with_value(references.models, metric):
        return ""
    there = {one.name: one for one in references.models}
    return ", ".join(f"{TITLES[name]} {_short(there.get(name), metric)}" for name in NAMES)


def _short(reference: Reference | None, metric: str) -> str:
    return "…" if reference is None else number(reference.value(metric))


def with_value(models: Sequence[Reference], metric: str) -> list[Reference]:
    """Those of which the metric is a finite number."""
    return [one for one in models if (value := one.value(metric)) is not None and math.isfinite(value)]


def strongest(models: Sequence[Reference], metric: str, direction: Direction) -> Reference | None:
    """The best by the metric; of equal ones the simplest. None where none has it."""
    sign = sign_of(direction)
    return max(with_value(models, metric), key=lambda one: sign * (one.value(metric) or 0.0), default=None)


def standing(best: float, references: References, metric: str, direction: Direction) -> str | None:
    """Whether the best network is ahead of the best reference model, on the validation rows."""
    reference = strongest(references.models, metric, direction)
    if reference is None:
        return None
    theirs, title = reference.value(metric), TITLES[reference.name]
    if not is_better(best, theirs, direction):
        return f"No network was better than the {title} ({number(theirs)} against {number(best)})."
    return (
        f"The best network is ahead of the {title} ({number(best)} against {number(theirs)}), on rows that chose it "
        "among others; `perceptuna finalize` compares both on rows that chose nothing."
    )
