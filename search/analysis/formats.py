"""How numbers are written, in tables and on the page."""

from __future__ import annotations

import math

from spaces.wording import rounded, shown


def number(value: float | None) -> str:
    """A metric: `0.9777`, `12,706.2`, `1.3e-5`, `inf`; a dash where there is none."""
    if value is None:
        return "–"
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= 1000:
        return f"{value:,.1f}"
    return f"{value:.4f}" if abs(value) >= 0.001 or value == 0 else f"{value:.1e}"


def count(value: float | None) -> str:
    """A whole number with separators: `23,530`."""
    return "–" if value is None else f"{value:,.0f}"


def duration(seconds: float | None) -> str:
    """`0.7 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    if seconds is None:
        return "–"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, size, smaller, part in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"


def setting(value: object) -> str:
    """The value of a hyperparameter, short: `1.2e-3`, `true`, `relu`."""
    return rounded(value) if isinstance(value, float) else shown(value)


def plural(amount: int, noun: str) -> str:
    """`1 trial`, `1,200 trials`."""
    return f"{amount:,} {noun}{'s' * (amount != 1)}"
