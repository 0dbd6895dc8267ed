"""A metric of the user's own: a function that is imported by the name of its module, here and by workers.

Nothing of it is kept or sent but its name, `module:function(maximize)`: studies are looked at without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from search.errors import InputError
from search.machine.importing import imported

if TYPE_CHECKING:
    import numpy as np

Way = Literal["maximize", "minimize"]
DIRECTIONS = get_args(Way)
Function = Callable[["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"], float]

_SAID = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_]\w*)")
_NAME = re.compile(rf"{_SAID.pattern}\((maximize|minimize)\)")


@dataclass(frozen=True)
class OwnMetric:
    """`function(y_true, y_pred)` of `module`.

    It is given class numbers and the probability of the second class, (rows,), or of each, (rows, classes); of a
    regression the targets and the answers in the target's units, (rows,). It returns one number.
    """

    module: str
    function: str
    direction: Way

    @property
    def name(self) -> str:
        """What the metric is called; also says which way is better, for who cannot import it."""
        return f"{self.module}:{self.function}({self.direction})"

    def load(self) -> Function:
        """Raises: InputError: it cannot be imported here."""
        return _imported(self.module, self.function)


def own_metric_in(name: str) -> OwnMetric | None:
    """That of a metric's name without `val_`; None where it is another metric."""
    found = _NAME.fullmatch(name)
    return None if found is None else OwnMetric(found[1], found[2], cast("Way", found[3]))


def own_metric_said(metric: str, direction: str | None) -> OwnMetric:
    """What a user said by `--metric module:function`, and perhaps by `--direction`.

    Raises:
        InputError: it cannot be imported, or nobody says which way is better.
    """
    found = _SAID.fullmatch(metric)
    if found is None:
        raise InputError(
            f"--metric: expected the name of a metric, or module:function for one of your own, but got '{metric}'"
        )
    function = _imported(*found.groups())
    way = direction or getattr(function, "direction", None)
    if way not in DIRECTIONS:
        raise InputError(
            f"--metric {metric}: say whether more of it is better, by --direction maximize or minimize, or in its "
            f'module by {found[2]}.direction = "maximize"' + ("" if way is None else f"; but got '{way}'")
        )
    return OwnMetric(found[1], found[2], cast("Way", way))


def check_importable(metric: str | None) -> None:
    """Before workers begin.

    Raises:
        InputError: `metric`, of validation rows, is one of the user's own, and cannot be imported here.
    """
    own = None if metric is None else own_metric_in(metric.removeprefix("val_"))
    if own is not None:
        own.load()


def _imported(module: str, function: str) -> Function:
    return cast("Function", imported(f"{module}:{function}", "--metric"))
