"""What no network is needed for: the value that one answer for every row reaches on the validation rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from search.settings.metrics import is_better, sign_of
from search.study.study_record import keep_study_facts
from search.text.formats import number

if TYPE_CHECKING:
    from search.data import PreparedData
    from search.study.study import Study

# The share of the constant's own value that a mean error or entropy has to be better by, to be clearly better.
_CLEAR = 0.05


def constant_value(data: PreparedData, metric: str) -> float | None:
    """Of the training rows' commonest class, classes' shares, median or mean, whichever suits `metric`.

    In the metric's unit; None for a loss, to which weights and label smoothing add.
    """
    import numpy as np

    _, train = data.training()
    _, validation = data.validation()
    match metric:
        case "val_accuracy":
            return float(np.mean(np.asarray(validation) == np.bincount(train).argmax()))
        case "val_crossentropy":
            shares = np.bincount(train, minlength=int(max(train.max(), validation.max())) + 1) / len(train)
            return float(-np.mean(np.log(np.maximum(shares[validation], 1e-7))))
        case "val_mae":
            return float(np.mean(np.abs(validation - np.median(train))) * data.spec.target_std)
        case "val_auc":
            return 0.5
        case "val_r2":
            return 0.0
    return None


def keep_constant(study: Study, data: PreparedData) -> None:
    """Remember it in `study`, once. The caller holds its lock."""
    if study.companion_of is None and study.record.constant is None:
        value = constant_value(data, study.metric)
        if value is not None:
            keep_study_facts(study.optuna, {"constant": value})


def remark_on_constant(study: Study, best: float) -> str | None:
    """That `best` is not clearly better than what one answer for every row reaches; None where it is."""
    constant = study.record.constant
    if constant is None or _is_clear(study, best, float(constant)):
        return None
    answer = {
        "val_accuracy": "the commonest class for every row",
        "val_mae": "the median for every row",
        "val_crossentropy": "the classes' shares for every row",
    }.get(study.metric, "the same for every row")
    better = "hardly better" if is_better(best, float(constant), study.direction) else "no better"
    return (
        f"The best {study.metric}, {number(best)}, is {better} than what {answer} reaches: {number(constant)}. "
        "Nothing, or hardly anything, was learnt from the features."
    )


def _is_clear(study: Study, best: float, constant: float) -> bool:
    """Better by more than chance moves a share of as many rows (95 %), or than a twentieth of an error."""
    if study.metric == "val_accuracy":
        least = 1.96 * math.sqrt(constant * (1 - constant) / study.data.rows.validation)
    else:
        least = _CLEAR * (abs(constant) if study.metric in ("val_mae", "val_crossentropy") else 1.0)
    return sign_of(study.direction) * (best - constant) > least
