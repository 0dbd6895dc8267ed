"""What no network is needed for: the value that one answer for every row reaches on the validation rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from search.settings.costs import Costs, costs_in
from search.settings.metrics import is_better, metric_of, sign_of
from search.settings.quantiles import quantile_in
from search.study.study_record import keep_study_facts
from search.text.formats import number
from search.training.recorded_rows import unit_among_several

if TYPE_CHECKING:
    from search.data import DataSpec, PreparedData
    from search.study.study import Study

Array = np.ndarray[Any, Any]

_CLEAR = 0.05


@dataclass(frozen=True)
class Constant:
    """One answer for every row: in words, and what it reaches in the metric's unit.

    `reaches` is given the targets of the training rows, those of the validation rows, and what the data are. To be
    clearly better takes a twentieth of what it reaches, where `of_its_size`, or of 1.
    """

    words: str
    reaches: Callable[[Array, Array, DataSpec], float]
    of_its_size: bool = False


def _commonest(train: Array, validation: Array, spec: DataSpec) -> float:
    return float(np.mean(validation == np.bincount(train).argmax()))


def _shares(train: Array, validation: Array, spec: DataSpec) -> float:
    shares = np.bincount(train, minlength=int(max(train.max(), validation.max())) + 1) / len(train)
    return float(-np.mean(np.log(np.maximum(shares[validation], 1e-7))))


def _f1(train: Array, validation: Array, spec: DataSpec) -> float:
    """Of two classes the second: the first for every row finds none of it."""
    answer = 1 if spec.task == "binary" else np.bincount(train).argmax()
    share = float(np.mean(validation == answer))
    classes = 1 if spec.task == "binary" else len(np.union1d(validation, [answer]))
    return 2 * share / (1 + share) / classes


def _one_class_right(train: Array, validation: Array, spec: DataSpec) -> float:
    there = np.unique(validation)
    return float(np.isin(np.bincount(train).argmax(), there)) / len(there)


def _second(train: Array, validation: Array, spec: DataSpec) -> float:
    return float(np.mean(validation == 1))


def _share_missed(train: Array, validation: Array, spec: DataSpec) -> float:
    return float(np.mean(np.square(validation - train.mean(dtype=np.float64))))


def _five_commonest(train: Array, validation: Array, spec: DataSpec) -> float:
    counts = np.bincount(train, minlength=len(spec.class_names))
    return float(np.mean(np.isin(validation, np.argsort(counts, kind="stable")[-5:])))


def _mean(train: Array, validation: Array, spec: DataSpec) -> float:
    wrong = validation - train.mean(dtype=np.float64)
    return float(np.sqrt(np.mean(np.square(wrong))) * spec.target_std)


def _median(train: Array, validation: Array, spec: DataSpec) -> float:
    return float(np.mean(np.abs(validation - np.median(train))) * spec.target_std)


def _median_of_median(train: Array, validation: Array, spec: DataSpec) -> float:
    return float(np.median(np.abs(validation - np.median(train)))) * spec.target_std


def _relative(train: Array, validation: Array, spec: DataSpec) -> float:
    targets = spec.in_units(validation.astype(np.float64))
    errors = np.abs(validation - np.median(train)) * spec.target_std
    return float(np.mean(errors / np.maximum(np.abs(targets), np.finfo(np.float64).eps)))


def _quantile(level: float, train: Array, validation: Array, spec: DataSpec) -> float:
    missed = (validation - np.quantile(train, level, method="inverted_cdf")) * spec.target_std
    return float(np.mean(np.maximum(level * missed, (level - 1) * missed)))


def _cheapest(costs: Costs, train: Array, validation: Array, spec: DataSpec) -> float:
    share = float(np.mean(train == 1))
    if costs.fn * share > costs.fp * (1 - share):
        return costs.fp * float(np.mean(validation == 0))
    return costs.fn * float(np.mean(validation == 1))


CONSTANTS: dict[str, Constant] = {
    "accuracy": Constant("the commonest class for every row", _commonest),
    "crossentropy": Constant("the classes' shares for every row", _shares, of_its_size=True),
    "auc": Constant("the same for every row", lambda train, validation, spec: 0.5),
    "rmse": Constant("the mean for every row", _mean, of_its_size=True),
    "mae": Constant("the median for every row", _median, of_its_size=True),
    "r2": Constant("the same for every row", lambda train, validation, spec: 0.0),
    "f1": Constant("one class for every row", _f1),
    "balanced_accuracy": Constant("the commonest class for every row", _one_class_right),
    "average_precision": Constant("the same for every row", _second),
    "precision": Constant("the second class for every row", _second),
    "recall": Constant("the second class for every row", lambda train, validation, spec: 1.0),
    "mcc": Constant("the same for every row", lambda train, validation, spec: 0.0),
    "brier": Constant("the classes' shares for every row", _share_missed, of_its_size=True),
    "top5_accuracy": Constant("the five commonest classes for every row", _five_commonest),
    "median_error": Constant("the median for every row", _median_of_median, of_its_size=True),
    "mape": Constant("the median for every row", _relative, of_its_size=True),
}
"""By the names of `METRICS`. A loss has none: weights and label smoothing add to it."""


def constant_of(metric: str) -> Constant | None:
    """The one answer that is best by a metric of validation rows; None for a loss."""
    name = metric.removeprefix("val_")
    if costs := costs_in(name):
        return Constant("the cheaper class for every row", partial(_cheapest, costs), of_its_size=True)
    if level := quantile_in(name):
        words = f"the {100 * level:.12g} % quantile for every row"
        return Constant(words, partial(_quantile, level), of_its_size=True)
    return CONSTANTS.get(name)


def constant_value(data: PreparedData, metric: str) -> float | None:
    """What one answer for every row reaches, by `CONSTANTS`, in the unit of `metric`; None for a loss."""
    constant = constant_of(metric)
    if constant is None:
        return None
    if data.spec.weight:
        return _weighed(data, metric.removeprefix("val_"))
    (_, train), (_, validation) = data.training(), data.validation()
    train, validation = (data.spec.standardised_targets(np.asarray(y)) for y in (train, validation))
    if data.spec.targets:
        return _of_several(constant, metric.removeprefix("val_"), train, validation, data.spec)
    return constant.reaches(train, validation, data.spec)


def _of_several(constant: Constant, metric: str, train: Array, validation: Array, spec: DataSpec) -> float:
    """The mean of what one answer reaches for each target, errors in deviations (`training/measures.py`)."""
    values = [
        constant.reaches(train[:, place], validation[:, place], one) / unit_among_several(metric, one)
        for place, one in enumerate(map(spec.of_target, range(len(spec.targets))))
    ]
    return fmean(values)


def _weighed(data: PreparedData, metric: str) -> float | None:
    """The same where rows do not count alike: the constant among the reference models, judged as they are."""
    from search.references.judging import measure
    from search.references.models import fit

    spec, weights = data.spec.with_plain_target(), data.validation_weights()
    (x, y), (x_validation, y_validation) = (
        (x, data.spec.standardised_targets(np.asarray(y))) for x, y in (data.training(), data.validation())
    )
    model = fit("constant", x, y, spec, 0, data.training_weights(), quantile_in(metric))
    return measure(model, x_validation, y_validation, spec, (metric,), weights).get(metric)


def keep_constant(study: Study, data: PreparedData) -> None:
    """Remember it in `study`, once. The caller holds its lock."""
    if study.companion_of is None and study.record.constant is None:
        value = _constant_of(study, data)
        if value is not None:
            keep_study_facts(study.optuna, {"constant": value})


def _constant_of(study: Study, data: PreparedData) -> float | None:
    """As the trials of `study` are judged: the mean over its folds, where it has any."""
    folds = study.settings.folds
    if folds is None:
        return constant_value(data, study.metric)
    from search.data import fitted_fold

    values = [constant_value(fitted_fold(data, number, folds), study.metric) for number in range(folds)]
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def remark_on_constant(study: Study, best: float) -> str | None:
    """That `best` is not clearly better than what one answer for every row reaches; None where it is."""
    constant = study.record.constant
    one_answer = constant_of(study.metric)
    if constant is None or one_answer is None or _is_clear(study, one_answer, best, float(constant)):
        return None
    better = "hardly better" if is_better(best, float(constant), study.direction) else "no better"
    learnt = (
        f"{study.metric} alone tells no network that learnt from one that always answers the same."
        if metric_of(study.metric).within == (0.0, constant)
        else "Nothing, or hardly anything, was learnt from the features."
    )
    return (
        f"The best {study.metric}, {number(best)}, is {better} than what {one_answer.words} reaches: "
        f"{number(constant)}. {learnt}"
    )


def _is_clear(study: Study, one_answer: Constant, best: float, constant: float) -> bool:
    """Better by more than chance moves a share of as many rows (95 %), or than a twentieth."""
    if metric_of(study.metric).is_share_of_rows and not study.data.weight:
        least = 1.96 * math.sqrt(constant * (1 - constant) / study.rows_judged_by)
    else:
        least = _CLEAR * (abs(constant) if one_answer.of_its_size else 1.0)
    return sign_of(study.direction) * (best - constant) > least
