"""The one place that opens the sealed test split: for one model, after the look is recorded.

What was looked at may be trained on afterwards: no value is told of it any more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from search.conclusion.confirmation.compared import seen_references
from search.conclusion.statistics.over_rows import interval_over_rows, intervals_beside
from search.data import all_rows_are_cut, searched_groups, searched_weights, write_fold
from search.data.preparing.sealed import open_test_groups, open_test_split, open_test_weights
from search.errors import DataError
from search.study.look import Look
from search.study.record_of_looks import new_look, record_look, record_seen

if TYPE_CHECKING:
    from search.conclusion.confirmation.tested import Tested
    from search.data import PreparedData
    from search.study.study import Study


def look_at_test_split(
    study: Study,
    companion: Study,
    tested: Tested,
    data: PreparedData,
    trial: int,
    say: Callable[[str], None] = lambda remark: None,
) -> Look:
    """Measure `tested`, of trials of `companion`, on the test split of `study`.

    The look is recorded before the split is opened, so that none is forgotten whatever happens, and completed by
    what was seen. Where the same was tested before, that look is returned: a second one would be the same.
    Reference models are measured in the same look: they are fitted on the rows that the networks were trained on, and
    nothing chose them. Where the metric goes by a threshold, networks and reference models have those that fit
    validation rows; a look of an earlier version, which knew none, stays at 0.5.
    `trial` is the configuration's number in the search. TensorFlow has to be started.
    """
    metric = study.metric.removeprefix("val_")
    model = tested.fingerprint(metric)
    decision = tested.decision
    opening = new_look(
        study,
        companion,
        trial=trial,
        trained=tested.trained.number,
        members=tested.members,
        threshold=None if decision is None else decision.used,
        temperature=tested.temperature,
    )
    look = record_look(study, model, opening)
    if look.value is not None:
        return look
    (x, y), weights = open_test_split(data), open_test_weights(data)
    measured, scores = tested.measured(data.spec, x, y, metric, weights, look.threshold)
    if metric not in measured:
        raise DataError(
            f"the test split has rows of one class alone, where {metric} compares rows of two; "
            "start a study with test rows of both, or with another --metric"
        )
    value = measured[metric]
    references = seen_references(
        data,
        (x, y),
        study.settings,
        metric,
        (value, scores),
        say,
        validation_too=tested.of_folds,
        weights=weights,
    )
    return record_seen(
        study,
        model,
        value=value,
        interval=interval_over_rows(metric, value, scores, weights),
        measured=measured,
        intervals_beside=intervals_beside(metric, measured, None if weights is not None else len(y)),
        references=references,
        coverage=tested.coverage(data.spec, x, y),
    )


def write_folds_of_all_rows(data: PreparedData, folds: int, look: Look) -> None:
    """Cut all rows of `data` into as many folds, test rows too, which have had their `look`, and write them.

    Where they are there, nothing is opened or written.

    Raises:
        OSError: they cannot be written.
    """
    assert look.value is not None  # else they have yet to test a model
    if all_rows_are_cut(data, folds):
        return
    x, y = (
        np.concatenate(sides)
        for sides in zip(data.training(), data.validation(), open_test_split(data), strict=True)
    )
    weights = None
    if (searched := searched_weights(data)) is not None:
        weights = np.concatenate([searched, open_test_weights(data)])
    groups = searched_groups(data)
    if groups is not None:
        groups = np.concatenate([groups, open_test_groups(data)])
    for number in range(folds):
        write_fold(data, number, folds, x, y, weights, groups, all_rows=True)
