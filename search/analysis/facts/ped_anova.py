"""Optuna's importances by PED-ANOVA, without scikit-learn: forests are of evaluators that are not asked here.

Optuna imports it for these all the same, and does without where it is not installed. To import it takes longer than
all else that `show` does.
"""

from __future__ import annotations

import sys
import threading
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import optuna

_IMPORTANCE, _FORESTS = "optuna.importance", "sklearn"


def ped_anova(study: optuna.Study, best_share: float) -> dict[str, float]:
    """How much each parameter of the `best_share` of the complete trials differs from that of all; not normalized."""
    importance = _importance()
    evaluator = importance.PedAnovaImportanceEvaluator(target_quantile=best_share)
    found: dict[str, float] = importance.get_param_importances(study, evaluator=evaluator, normalize=False)
    return found


@cache
def _importance() -> ModuleType:
    """`optuna.importance`; in a process of one thread, a copy of it for which scikit-learn is not installed.

    Nobody else is given the copy, and no other thread can miss scikit-learn meanwhile.
    """
    if {_IMPORTANCE, _FORESTS} & sys.modules.keys() or threading.active_count() > 1:
        return import_module(_IMPORTANCE)
    import optuna

    by_need = vars(optuna)["importance"]
    sys.modules[_FORESTS] = None  # type: ignore[assignment]  # how Python is told that a module is not there
    try:
        return import_module(_IMPORTANCE)
    finally:
        del sys.modules[_FORESTS]
        for name in [name for name in sys.modules if f"{name}.".startswith(f"{_IMPORTANCE}.")]:
            del sys.modules[name]
        vars(optuna)["importance"] = by_need
