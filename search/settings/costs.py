"""What a mistake about two classes costs: as a user says it, and in the name of the metric that it makes."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

COST = "cost"
_NAME = re.compile(rf"{COST}\((.*)\)")
_EXAMPLE = '"fn=10,fp=1"'


@dataclass(frozen=True)
class Costs:
    """Of a row of the second class that is answered with the first (`fn`), and the other way round (`fp`)."""

    fn: float
    fp: float

    @property
    def threshold(self) -> float:
        """Above which naming the second class costs less, where probabilities come true (Elkan 2001, eq. 2)."""
        return self.fp / (self.fp + self.fn)

    @property
    def metric(self) -> str:
        """The name of the metric, which says them: studies with other costs are compared by another metric."""
        return f"{COST}(fn={self.fn:.12g},fp={self.fp:.12g})"


def costs_said(text: str) -> Costs:
    """`fn=10,fp=1`, in any order.

    Raises:
        ValueError: it is something else; says what was expected.
    """
    said = [entry.partition("=") for entry in text.replace(" ", "").split(",")]
    values = {name: _positive(value) for name, _, value in said}
    if sorted(name for name, _, _ in said) != ["fn", "fp"] or None in values.values():
        raise ValueError(
            f"expected what a missed row of the second class (fn) and a false alarm (fp) cost, two numbers above 0, "
            f"such as {_EXAMPLE}, but got '{text}'"
        )
    return Costs(**{name: value for name, value in values.items() if value is not None})


def costs_in(metric: str) -> Costs | None:
    """Those that the name of a metric says, without `val_`; None where it is another metric.

    Raises:
        ValueError: it says something else there.
    """
    found = _NAME.fullmatch(metric)
    return None if found is None else costs_said(found[1])


def _positive(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < math.inf else None
