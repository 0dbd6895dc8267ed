"""The reference models: how each is fitted on prepared training rows, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from search.data import DataSpec
from search.references.record import ReferenceName
from search.settings.quantiles import quantile_metric
from search.training.ranking import median

Array = np.ndarray[Any, Any]
Answer = Callable[[Array], Array]

_LEAST = 1e-7
_ITERATIONS = 1000


@dataclass(frozen=True)
class Fitted:
    """A fitted model.

    Attributes:
        answer: what it answers for prepared rows (rows, features): logits (rows,) of two classes or (rows, classes) of
            more, or standardised predictions (rows,); of several targets (rows, targets); float64. As the outputs of a
            network's head.
        answer_for: by metric, where one of its kind answers something else to be best by it.
        note: what to know beside its metrics.
        threshold: it answers the second of two classes above this probability; None: as is usual for each metric.
    """

    answer: Answer
    answer_for: Mapping[str, Answer] = field(default_factory=dict)
    note: str | None = None
    threshold: float | None = None


def load() -> None:
    """Load scikit-learn, which takes longer than many fits and is no part of their time."""
    import sklearn.ensemble
    import sklearn.linear_model  # noqa: F401


def fit(
    name: ReferenceName,
    x: Array,
    y: Array,
    spec: DataSpec,
    seed: int,
    weights: Array | None = None,
    quantile: float | None = None,
) -> Fitted:
    """Fit the model of that name; the same rows and seed give the same model.

    Args:
        x: prepared rows, (rows, features) float32, which are standardised.
        y: class numbers or standardised targets, (rows,) or (rows, targets), as in `PreparedData`.
        weights: how much each row counts, (rows,); all alike without them.
        quantile: of a regression, to be answered in place of the mean.

    Raises:
        ValueError: these rows cannot be fitted; says why.
    """
    if spec.targets:
        return _of_several(name, x, np.asarray(y), spec, seed, weights)
    if name == "constant":
        return _constant(y, spec, weights, quantile)
    if spec.task != "regression" and (y == y[0]).all():
        raise ValueError("all training rows are of one class")
    # scikit-learn's trees would copy float32 anyway, and a linear model converges in float64 alone.
    x, y = np.array(x, dtype=np.float64), np.asarray(y)
    weights = None if weights is None else np.asarray(weights, dtype=np.float64)
    if name == "linear":
        return _linear(x, y, spec, weights, quantile)
    return _trees(x, y, spec, seed, weights, quantile)


def _of_several(
    name: ReferenceName, x: Array, y: Array, spec: DataSpec, seed: int, weights: Array | None
) -> Fitted:
    """One model for each target, as if there was no other."""
    each = [fit(name, x, y[:, place], spec.of_target(place), seed, weights) for place in range(y.shape[1])]
    metrics = dict.fromkeys(metric for one in each for metric in one.answer_for)
    return Fitted(
        _stacked([one.answer for one in each]),
        {metric: _stacked([one.answer_for.get(metric, one.answer) for one in each]) for metric in metrics},
        next((one.note for one in each if one.note is not None), None),
    )


def _stacked(answers: Sequence[Answer]) -> Answer:
    return lambda x: np.stack([answer(x) for answer in answers], axis=1)


def _constant(y: Array, spec: DataSpec, weights: Array | None, quantile: float | None) -> Fitted:
    """The classes' shares; the mean of the targets, and for absolute errors their median.

    By the loss of a `quantile` it answers that.

    A class that no training row has counts as one row in ten million. Where the second of two classes is looked for,
    it is the answer: any other finds none.
    """
    if spec.task == "regression":
        middle = _always(np.median(y) if weights is None else np.float64(median(y, weights)))
        best = dict.fromkeys(("mae", "median_error", "mape"), middle)
        if quantile is not None:
            best[quantile_metric(quantile)] = _always(_quantile_of(y, quantile, weights))
        return Fitted(_always(np.float64(_mean_of(y, weights))), best)
    counts = np.bincount(y, weights, minlength=len(spec.class_names))
    shares = counts / counts.sum()
    logs = np.log(np.maximum(shares, _LEAST))
    if spec.task != "binary":
        return Fitted(_always(logs))
    second = dict.fromkeys(("f1", "precision", "recall"), _always(np.float64(1.0)))
    return Fitted(_always(logs[1] - logs[0]), second)


def _mean_of(y: Array, weights: Array | None) -> float:
    return float(y.mean(dtype=np.float64) if weights is None else np.average(y, weights=np.float64(weights)))


def _quantile_of(y: Array, level: float, weights: Array | None) -> np.float64:
    """A value of `y` that makes the loss of the quantile least."""
    by = None if weights is None else np.asarray(weights, dtype=np.float64)
    return np.float64(np.quantile(np.asarray(y, dtype=np.float64), level, weights=by, method="inverted_cdf"))


def _always(outputs: Any) -> Answer:
    return lambda x: np.broadcast_to(outputs, (len(x), *np.shape(outputs)))


def _linear(x: Array, y: Array, spec: DataSpec, weights: Array | None, quantile: float | None) -> Fitted:
    """Logistic regression, or ridge regression: scikit-learn's defaults, and iterations enough to converge.

    For a `quantile` it is ridge regression, raised by that quantile of what the training rows lie above it: a linear
    program of all rows would take minutes.
    """
    from sklearn.linear_model import LogisticRegression, Ridge

    if spec.task == "regression":
        # Without a copy scikit-learn writes over the rows, which are asked again.
        ridge = Ridge(copy_X=quantile is not None).fit(x, y.astype(np.float64), weights)
        if quantile is None:
            return Fitted(ridge.predict)
        raised = _quantile_of(y - ridge.predict(x), quantile, weights)
        return Fitted(lambda rows: ridge.predict(rows) + raised)
    model = LogisticRegression(max_iter=_ITERATIONS).fit(x, y, weights)
    stopped = f"had not converged after {_ITERATIONS:,} iterations"
    return Fitted(_logits_of(model, spec), note=stopped if model.n_iter_.max() >= _ITERATIONS else None)


def _trees(
    x: Array, y: Array, spec: DataSpec, seed: int, weights: Array | None, quantile: float | None
) -> Fitted:
    """Scikit-learn's gradient boosting over histograms with its defaults."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    if spec.task == "regression":
        loss: dict[str, Any] = {} if quantile is None else {"loss": "quantile", "quantile": quantile}
        regressor = HistGradientBoostingRegressor(random_state=seed, **loss)
        return Fitted(regressor.fit(x, y.astype(np.float64), weights).predict)
    # Of more than 10,000 rows it keeps a tenth to stop by, in which each class has to be, as in the rest.
    enough = np.bincount(y)[np.unique(y)].min() > 1
    stops = "auto" if enough else False
    model = HistGradientBoostingClassifier(random_state=seed, early_stopping=stops).fit(x, y, weights)
    return Fitted(_logits_of(model, spec))


def _logits_of(model: Any, spec: DataSpec) -> Answer:
    """Logits for all classes of the data: of a class that no training row has, those of one in ten million."""
    seen = model.classes_
    if spec.task == "binary":
        return lambda x: np.asarray(model.decision_function(x), dtype=np.float64)

    def logits(x: Array) -> Array:
        found = np.asarray(model.decision_function(x), dtype=np.float64)
        if found.ndim == 1:  # of two
            found = np.stack([np.zeros_like(found), found], axis=1)
        of_all = np.logaddexp.reduce(found, axis=1, keepdims=True)
        whole = np.repeat(of_all + np.log(_LEAST), len(spec.class_names), axis=1)
        whole[:, seen] = found
        return whole

    return logits
