"""What a trial reached at its best epoch: what is kept of it, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from search.settings.metrics import told_beside
from search.text.formats import number


def at_best(
    history: Mapping[str, Sequence[float]], metric: str, epoch: int, others: Sequence[str] = ()
) -> dict[str, float]:
    """Of `epoch`, counted from 1: `metric` and its training twin, their gap, and what is told beside the metric.

    And of `others`, which are metrics that the study aims at too.

    `history` has one value per epoch by Keras's log names.
    """
    validation, training = metric, metric.removeprefix("val_")
    kept = {name: history[name][epoch - 1] for name in (training, validation)}
    kept["gap"] = kept[training] - kept[validation]
    return kept | {name: history[name][epoch - 1] for name in (*told_beside(metric), *others)}


def beside(metric: str, kept: Mapping[str, Any]) -> dict[str, float]:
    """What is told beside `metric`, by name, of what is `kept` of a trial; empty for trials of earlier versions."""
    return {name: kept[name] for name in told_beside(metric) if name in kept}


def reached(metric: str, value: float | None, kept: Mapping[str, Any]) -> str:
    """`val_crossentropy 0.2115, val_accuracy 0.9073`, of what is `kept` of a trial."""
    return ", ".join(f"{name} {number(of)}" for name, of in {metric: value, **beside(metric, kept)}.items())
