"""A quantile that a regression shall answer: in the name of the metric that says it, `pinball@0.9`."""

from __future__ import annotations

from collections.abc import Collection

PINBALL = "pinball"
EXAMPLE = f"{PINBALL}@0.9"


def quantile_said(metric: str) -> float | None:
    """The level that a metric's name says, without `val_`; None where it is another metric.

    Raises:
        ValueError: it says none, or one that is no quantile; says what was expected.
    """
    name, _, level = metric.partition("@")
    if name != PINBALL:
        return None
    try:
        found = float(level)
    except ValueError:
        found = 0.0
    if not 0 < found < 1:
        raise ValueError(
            f"expected the quantile that is answered, above 0 and below 1, such as {EXAMPLE}, but got '{metric}'"
        )
    return found


def quantile_in(metric: str) -> float | None:
    """The same of a name that may be anything; None where it says no quantile."""
    try:
        return quantile_said(metric)
    except ValueError:
        return None


def quantile_metric(level: float) -> str:
    """The one name of the metric of a level."""
    return f"{PINBALL}@{level:.12g}"


def quantile_of(asked: Collection[str]) -> float | None:
    """The one that networks learn in a study that measures the metrics `asked`; None where they learn the mean."""
    return next((level for name in asked if (level := quantile_in(name)) is not None), None)
