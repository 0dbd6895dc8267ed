"""How values of hyperparameters, and of data, are written for people."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

Scalar = bool | int | float | str


def shown(value: object) -> str:
    """`value` without loss: `1,024`, `1e-7`, `true`, `relu`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) < 10**12 else "a huge number"
    if isinstance(value, float):
        if 0 < abs(value) < 1e-3:
            return f"{Decimal(repr(value)).normalize():e}"
        return repr(value).removesuffix(".0")
    return str(value)


def quoted(value: object) -> str:
    """Like `shown`, with quotes around text, so that `'true'` and `true` can be told apart."""
    return repr(value) if isinstance(value, str) else shown(value)


def rounded(value: float) -> str:
    """Two significant digits, as short as they go: `1.2e-3`, `0.31`, `0.1`."""
    if value == 0 or 0.01 <= abs(value) < 100:
        return f"{value:.2g}"
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def quantity(value: float, digits: int = 6) -> str:
    """A number of a user's data by at most `digits` significant digits: `63,930`, `0.25`, `1.23457e-5`, `1.2e15`."""
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    short = float(f"{value:.{digits}g}")
    if short and not 1e-4 <= abs(short) < 1e15:
        mantissa, _, exponent = f"{short:.{digits - 1}e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    whole, _, rest = f"{Decimal(repr(short)):,f}".partition(".")
    rest = rest.rstrip("0")
    return f"{whole}.{rest}" if rest else whole


def alternatives(values: Iterable[object]) -> str:
    """`sgd`, `sgd or adam`, `sgd, adam or lion`."""
    *first, last = [shown(value) for value in values]
    return f"{', '.join(first)} or {last}" if first else last
