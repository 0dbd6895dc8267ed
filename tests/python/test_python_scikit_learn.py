"""The estimators keep scikit-learn's conventions, by its own list of checks, which fit dozens of times.

Here a part of the list runs; all of it by `make estimators`.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

import pytest
from sklearn.utils.estimator_checks import check_dataframe_column_names_consistency, parametrize_with_checks

import perceptuna as pt

HOW: dict[str, Any] = {
    "trials": 1,
    "epochs": 20,
    "workers": 0,
    "known": False,
    "space": pt.Space(depth=1, width=32, optimizer="adam", learning_rate=0.01, batch_size=32),
    "precision": "float32",
    "sampler": "random",
    "pruner": "none",
}
ESTIMATORS = [pt.MLPSearchClassifier(**HOW), pt.MLPSearchRegressor(**HOW)]
# Those that fit nothing, and a few that find most of what a change may break.
SHORT = {
    "check_estimator_cloneable",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_estimators_unfitted",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_mixin_order",
    "check_all_zero_sample_weights_error",
    "check_complex_data",
    "check_estimators_empty_data_messages",
    "check_estimator_sparse_array",
    "check_classifiers_one_label",
    "check_fit2d_1sample",
    "check_parameters_default_constructible",
    "check_dont_overwrite_parameters",
    "check_n_features_in_after_fitting",
    "check_sample_weights_shape",
    "check_estimators_nan_inf",
    "check_supervised_y_2d",
    "check_dict_unchanged",
}
# Why they cannot hold, as docs/python.md tells it.
NOT_HELD = {
    "check_sample_weight_equivalence_on_dense_data": "a row that is there twice falls on both sides of the split",
}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=lambda estimator: NOT_HELD)  # type: ignore[misc]
def test_check_of_scikit_learn(estimator: Any, check: Any) -> None:
    if check.func.__name__ not in SHORT and not os.environ.get("PERCEPTUNA_ALL_CHECKS"):
        pytest.skip("`make estimators` runs it")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(estimator)


def test_names_of_columns_are_kept_and_held_to() -> None:
    """Of scikit-learn's checks too, but not in the list."""
    check_dataframe_column_names_consistency("MLPSearchClassifier", ESTIMATORS[0])
