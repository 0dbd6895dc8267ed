"""A search as an estimator of scikit-learn: `fit` searches and keeps the best model, `predict` asks it."""

# ruff: noqa: N803  # scikit-learn calls rows X, by name too
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import (
    _safe_indexing,
    check_array,
    check_consistent_length,
    check_random_state,
    column_or_1d,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, assert_all_finite, check_is_fitted, validate_data

from perceptuna.errors import InputError, one_tree
from perceptuna.settings import Settings, plain
from perceptuna.space import Space
from perceptuna.study import Study, driven
from search.given.asked import Rows
from search.given.frames import is_frame

if TYPE_CHECKING:
    import keras

    from search.models.packed_model import PackedModel

__all__ = ["MLPSearchClassifier", "MLPSearchRegressor"]

# Parameters of an estimator that are no settings of its study.
_NO_SETTINGS = {"finalize", "name", "random_state", "show", "storage", "test_fraction"}
# Whoever uses an estimator tests it on rows of their own, so hardly any are sealed.
_LEAST_TEST = 0.01


class _Refused(InputError, ValueError):
    """The same sentence, as scikit-learn expects it."""


@contextmanager
def _refused_by_value() -> Iterator[None]:
    try:
        with one_tree():
            yield
    except InputError as error:
        raise _Refused(str(error)) from error


class _MLPSearch(BaseEstimator):
    """What both estimators share: parameters by the names of settings, `None` where the setting's own default holds."""

    def __init__(
        self,
        *,
        trials: int | None = None,
        timeout: str | float | None = None,
        epochs: int | None = None,
        patience: int | None = None,
        metric: str | None = None,
        space: Space | str | Path | None = None,
        known: bool | None = None,
        sampler: str | None = None,
        pruner: str | None = None,
        folds: int | None = None,
        val_fraction: float | None = None,
        test_fraction: float | None = None,
        category: tuple[str, ...] | None = None,
        number: tuple[str, ...] | None = None,
        date: tuple[str, ...] | None = None,
        text: tuple[str, ...] | None = None,
        workers: int | None = None,
        threads: int | None = None,
        precision: str | None = None,
        trial_timeout: str | float | None = None,
        memory_limit: str | int | None = None,
        finalize: bool = False,
        storage: str | Path | None = None,
        name: str | None = None,
        show: bool = False,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.trials = trials
        self.timeout = timeout
        self.epochs = epochs
        self.patience = patience
        self.metric = metric
        self.space = space
        self.known = known
        self.sampler = sampler
        self.pruner = pruner
        self.folds = folds
        self.val_fraction = val_fraction
        self.test_fraction = test_fraction
        self.category = category
        self.number = number
        self.date = date
        self.text = text
        self.workers = workers
        self.threads = threads
        self.precision = precision
        self.trial_timeout = trial_timeout
        self.memory_limit = memory_limit
        self.finalize = finalize
        self.storage = storage
        self.name = name
        self.show = show
        self.random_state = random_state

    def to_keras(self) -> keras.Model:
        """The fitted model itself, which takes rows as they were read."""
        check_is_fitted(self, "model_")
        return self._opened().model

    def _fitted(self, rows: Rows, y: Any, task: str, weight: Any) -> None:
        """Search on `rows` as they were checked, and keep the study, where it lies, and its model."""
        from search.models.packed_model import PackedModel

        with _refused_by_value(), self._told_what_is_left():
            self.study_ = self._searched(rows, y, {"task": task, "weight": weight})
            model = self._finalized().model if self.finalize else self.study_.best_model()
            self.model_: PackedModel = PackedModel.of(model._saved)
            self._opened()

    def _searched(self, rows: Rows, y: Any, more: dict[str, Any]) -> Study:
        from search.analysis.notebook import storage_url
        from search.machine.temporary import TemporaryFolder
        from search.running.asked import SearchOrder, begin_with, made_up_name

        self._folder = TemporaryFolder()
        url = storage_url(self.storage or self._folder.path / "perceptuna.db")
        order = SearchOrder(
            name=self.name or made_up_name(rows, None, url),
            url=url,
            settings=plain(self._settings()) | more,
            references=False,
        )
        found: Study = driven(
            lambda listeners: begin_with(rows, y, order, listeners),
            on_trial_end=None,
            tensorboard=None,
            show=self.show,
            wait=True,
        )
        return found

    @contextmanager
    def _told_what_is_left(self) -> Iterator[None]:
        try:
            yield
        except KeyboardInterrupt:
            if self.storage is not None:
                raise
            raise KeyboardInterrupt("interrupted; name a storage to keep what was found") from None

    def _settings(self) -> Settings:
        given = {
            name: value for name, value in self.get_params(deep=False).items() if name not in _NO_SETTINGS
        }
        seed = self.random_state
        if not isinstance(seed, int | np.integer):
            seed = check_random_state(seed).randint(2**31)
        tested = self.test_fraction or (None if self.finalize else _LEAST_TEST)
        return {**given, "seed": int(seed), "test_fraction": tested}  # type: ignore[typeddict-item]

    def _finalized(self) -> Any:
        self.conclusion_ = self.study_.finalize(self._folder.path / "final.keras", show=self.show)
        return self.conclusion_

    def _answered(self, X: Any) -> np.ndarray[Any, Any]:
        """Probabilities (rows, classes) as the study has its classes, or quantities (rows,)."""
        from search.answering.answers import answered
        from search.given.asked import new_rows, warned

        check_is_fitted(self, "model_")
        rows = self._as_fitted(X)
        with _refused_by_value(), new_rows(rows, header=True) as request:
            found = answered(self._opened(), request)
        warned(found.remarks)
        return found.values

    def _opened(self) -> Any:
        from search.machine.cores import available_cores

        return self.model_.opened(available_cores())

    def _counted(self, X: Any, y: Any, sample_weight: Any, *, numbers: bool) -> tuple[Rows, Any, Any]:
        """Rows, targets and weights, None where all count alike. Rows of weight 0 are left out."""
        rows, targets = self._checked(X, y, numbers=numbers)
        if sample_weight is None:
            return rows, targets, None
        weight = _check_sample_weight(sample_weight, rows, dtype=np.float64, ensure_non_negative=True)
        counts = np.flatnonzero(weight)
        return _safe_indexing(rows, counts), targets[counts], weight[counts]

    def _checked(self, X: Any, y: Any, *, numbers: bool) -> tuple[Rows, np.ndarray[Any, Any]]:
        """Rows to learn from, a DataFrame as it is and all else as an array, and their targets (rows,)."""
        if not is_frame(X):
            self._columns: list[str] | None = None
            return validate_data(self, X, y, y_numeric=numbers, allow_nd=True, ensure_min_samples=2)
        validate_data(self, X, y, skip_check_array=True)
        self._columns = [str(name) for name in X.columns]
        targets = column_or_1d(y, warn=True)
        targets = targets.astype(np.float64) if numbers else targets
        assert_all_finite(targets, input_name="y")
        check_consistent_length(X, targets)
        return X, targets

    def _as_fitted(self, X: Any) -> Rows:
        """New rows of the kind that was learnt from: columns by name, or an array."""
        if self._columns is None:
            return validate_data(self, X, reset=False, allow_nd=True)
        validate_data(self, X, reset=False, skip_check_array=True)
        if is_frame(X):
            return X
        import pandas as pd

        array = check_array(X, dtype=None, ensure_all_finite=False)
        return pd.DataFrame(array, columns=self._columns)

    def __getstate__(self) -> dict[str, Any]:
        """Without the study, whose place may hold a password, and without folders of this process."""
        state: dict[str, Any] = super().__getstate__()
        left = ("study_", "conclusion_", "_folder")
        return {name: value for name, value in state.items() if name not in left}


class MLPSearchClassifier(ClassifierMixin, _MLPSearch):
    """Classifies by the best network of a search.

    Parameters are the settings of `perceptuna run`, by their names; None leaves a setting at its default.

    Args:
        trials, timeout, epochs, metric, space, folds …: as in `search`. `workers=0` trains in this process.
        category, number, date, text: columns of a DataFrame that are of this kind, whatever is in them.
        test_fraction: rows that are sealed for `finalize`; without it 0.01, as you test on rows of your own.
        finalize: whether the best of the search are confirmed on fresh seeds, and the winner's model kept.
        storage: the database that keeps the study; None for a temporary one, which goes with this object.
        show: whether the study is shown while it runs.
        random_state: the study's seed; None for another each time.

    Attributes:
        classes_: the classes; the study knows each by its place in them.
        best_threshold_: the probability above which the second of two classes is answered.
        n_features_in_, feature_names_in_: columns, and their names where X was a DataFrame.
        study_: the `Study`. A pickle or a copy leaves it out.
        conclusion_: the `Conclusion`, with `finalize`.

    >>> classifier = pt.MLPSearchClassifier(trials=1, epochs=1, workers=0)
    >>> classifier.fit(frame[["petal", "leaf"]], frame["kind"]).study_.best.rank
    1
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPSearchClassifier:
        """Search, and keep the best model.

        Args:
            X: a DataFrame, whose columns may be of any kind; or an array of numbers (rows, features), or of images
                as uint8 (rows, height, width[, channels]).
            y: the class of each row.
            sample_weight: how much each row counts, in training and in the metric; rows of 0 are left out.

        >>> tiny = pt.MLPSearchClassifier(trials=1, epochs=1, workers=0)
        >>> tiny.fit([[n % 2] for n in range(40)], [1, 2] * 20).classes_
        array([1, 2])

        Raises:
            InputError, which is a ValueError here: rows or parameters cannot be.
        """
        rows, targets, weight = self._counted(X, y, sample_weight, numbers=False)
        check_classification_targets(targets)
        self.classes_, codes = np.unique(targets, return_inverse=True)
        if len(self.classes_) < 2:
            raise _Refused(f"expected y of two classes or more, but got one class: {self.classes_[0]!r}")
        self._fitted(rows, codes, "classification", weight)
        return self

    def predict_proba(self, X: Any) -> np.ndarray[Any, Any]:
        """The probability of each class: (rows, classes), in the order of `classes_`.

        >>> classifier.predict_proba(frame[["petal", "leaf"]]).shape
        (100, 2)
        """
        values = self._answered(X).astype(np.float64)
        probabilities = np.zeros((len(values), len(self.classes_)))
        # Networks answer float32, of which sums are 1 to 1e-7; scikit-learn's log loss warns of that in float64.
        probabilities[:, self._places()] = values / values.sum(axis=1, keepdims=True)
        return probabilities

    def predict(self, X: Any) -> np.ndarray[Any, Any]:
        """The class of each row, (rows,): the most probable one or, of two, the second above `best_threshold_`.

        >>> classifier.predict(frame[["petal", "leaf"]]).shape
        (100,)
        """
        answered = self._answered(X)
        return self.classes_[self._places()][self._opened().classes(answered)]

    @property
    def best_threshold_(self) -> float:
        """The probability above which the second of two classes is answered, as the model has it.

        It is 0.5, unless the study is compared by f1, balanced_accuracy, mcc or costs and its validation rows fitted
        another that is better on rows that did not. (`TunedThresholdClassifierCV` of scikit-learn calls it so.)

        >>> classifier.best_threshold_
        0.5
        """
        check_is_fitted(self, "model_")
        return self.model_.threshold

    def _places(self) -> list[int]:
        """Where the classes of the model are in `classes_`: the study knows each by its place."""
        return [int(name) for name in self._opened().spec.class_names]


class MLPSearchRegressor(RegressorMixin, _MLPSearch):
    """Answers quantities by the best network of a search.

    Parameters and attributes are those of `MLPSearchClassifier`, without `classes_`. To learn the logarithm of y, put
    it into scikit-learn's `TransformedTargetRegressor`.

    Attributes:
        n_features_in_, feature_names_in_: columns, and their names where X was a DataFrame.
        study_: the `Study`. A pickle or a copy leaves it out.
        conclusion_: the `Conclusion`, with `finalize`.

    >>> regressor = pt.MLPSearchRegressor(trials=1, epochs=1, workers=0)
    >>> regressor.fit(frame[["petal"]], frame["leaf"]).study_.metric
    'val_rmse'
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPSearchRegressor:
        """Search, and keep the best model; X and sample_weight as for `MLPSearchClassifier.fit`.

        >>> tiny = pt.MLPSearchRegressor(trials=1, epochs=1, workers=0)
        >>> tiny.fit([[n] for n in range(40)], range(40)).n_features_in_
        1
        """
        rows, targets, weight = self._counted(X, y, sample_weight, numbers=True)
        self._fitted(rows, targets.astype(np.float64), "regression", weight)
        return self

    def predict(self, X: Any) -> np.ndarray[Any, Any]:
        """The quantity of each row: (rows,).

        >>> regressor.predict(frame[["petal"]]).shape
        (100,)
        """
        return self._answered(X).astype(np.float64)
