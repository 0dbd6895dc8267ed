"""How numbers are written, in the terminal, on pages and in notes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from spaces.wording import quantity, rounded, shown

_DIGITS = 4
_LONGEST_DIGITS = 12


def number(value: float | None) -> str:
    """A metric in any unit, by at least four significant digits: `0.9777`, `0.01230`, `12,706.2`, `1.327e-5`, `inf`.

    A dash where there is none.
    """
    if value is None:
        return "–"
    if not math.isfinite(value):
        return str(value)
    size = abs(value)
    if size >= 1e12 or 0 < size < 1e-3:
        mantissa, _, exponent = f"{value:.{_DIGITS - 1}e}".partition("e")
        return f"{mantissa}e{int(exponent)}"
    if size >= 1000:
        return f"{value:,.0f}" if size >= 1e6 else f"{value:,.1f}"
    below = 0 if size >= 0.1 or size == 0 else -math.floor(math.log10(size)) - 1
    return f"{value:.{_DIGITS + below}f}"


def apart(values: Sequence[float]) -> list[str]:
    """Each of `values` by as few digits as tell them from each other: the labels of an axis."""
    for digits in range(3, _LONGEST_DIGITS):
        words = [quantity(value, digits) for value in values]
        if len(set(words)) == len(set(values)):
            break
    return words


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


def clock(seconds: float | None) -> str:
    """`1:02:03`, or `?` where it is not known."""
    if seconds is None:
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(count: float) -> str:
    """`850 MB`, `1.3 GB`."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def fine_size(count: float) -> str:
    """`532 B`, `85.3 kB`, `1.25 GB`."""
    for unit in ("B", "kB", "MB"):
        if count < 999.5:
            return f"{quantity(count, 3)} {unit}"
        count /= 1000
    return f"{quantity(count, 3)} GB"


def setting(value: object) -> str:
    """The value of a hyperparameter, short: `1.2e-3`, `true`, `relu`."""
    return rounded(value) if isinstance(value, float) else shown(value)


def hyperparameter(value: object) -> str:
    """The value of a hyperparameter by four digits, as a space writes it: `1.234e-4`, `0.5`, `1`, `1,024`, `relu`."""
    return shown(float(f"{value:.{_DIGITS}g}")) if isinstance(value, float) else shown(value)


def share_done(done: int, of: int | None) -> str:
    """`14/24 (58%)`; `24/24` where nothing is left, `14` where nobody knows of how many."""
    if not of:
        return f"{done:,}"
    return f"{done:,}/{of:,}" + (f" ({done / of:.0%})" if 0 < done < of else "")


def plural(amount: int, noun: str) -> str:
    """`1 trial`, `1,200 trials`."""
    return f"{amount:,} {noun}{'s' * (amount != 1)}"
