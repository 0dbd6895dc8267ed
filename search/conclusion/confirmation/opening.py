"""The one place that opens the sealed test split: for one model, after the look is recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.conclusion.confirmation.compared import seen_references
from search.conclusion.statistics.intervals import interval_over_rows
from search.data.preparing.sealed import open_test_split
from search.errors import DataError, InputError
from search.models.kept_model import kept_model, weights_of
from search.study.look import Look
from search.study.record_of_looks import new_look, record_look, record_seen

if TYPE_CHECKING:
    import numpy as np

    from search.data import PreparedData
    from search.study.study import Study
    from search.study.trial_record import TrialRecord


def look_at_test_split(
    study: Study,
    companion: Study,
    trained: TrialRecord,
    data: PreparedData,
    trial: int,
    say: Callable[[str], None] = lambda remark: None,
) -> Look:
    """Measure the kept model of `trained`, a trial of `companion`, on the test split of `study`.

    The look is recorded before the split is opened, so that none is forgotten whatever happens, and completed by
    what was seen. Where the same model was tested before, that look is returned: a second one would be the same.
    What needs no network is measured in the same look: it is fitted on the training rows, and nothing chose it.
    `trial` is the configuration's number in the search.
    """
    from search.machine.tensorflow_start import start_tensorflow

    start_tensorflow(study.settings.threads)
    from search.training.scoring import measure_rows, score_rows

    hyperparameters = trained.hyperparameters(companion.space)
    weights = weights_of(tested_model(companion, trained))
    metric = study.metric.removeprefix("val_")
    model = _fingerprint(hyperparameters.identity, metric, weights)
    look = record_look(study, model, new_look(study, companion, trial=trial, trained=trained.number))
    if look.value is not None:
        return look
    x, y = open_test_split(data)
    measured = measure_rows(hyperparameters, data.spec, weights, x, y)
    if metric not in measured:
        raise DataError(
            f"the test split has rows of one class alone, where {metric} compares rows of two; "
            "start a study with test rows of both, or with another --metric"
        )
    scores = score_rows(hyperparameters, data.spec, weights, x, y, metric)
    value = measured[metric]
    references = seen_references(data, (x, y), study.settings, metric, (value, scores), say)
    return record_seen(study, model, value, interval_over_rows(metric, value, scores), measured, references)


def _fingerprint(hyperparameters: str, metric: str, weights: list[np.ndarray[Any, Any]]) -> str:
    """Of a trained network and what it is judged by: 64 hexadecimal digits."""
    digest = hashlib.sha256(f"{metric} {hyperparameters}".encode())
    for array in weights:
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def tested_model(companion: Study, trained: TrialRecord) -> Path:
    """The file of the model that is tested.

    Raises:
        InputError: it is gone.
    """
    kept = kept_model(companion, trained)
    if kept is None or not kept.is_file():
        option = companion.url.option
        raise InputError(
            f"the model of trial {trained.number} of study '{companion.name}', {kept or 'its file'}, is gone; "
            f"restore it from a copy, or call `perceptuna delete {companion.name}{option}` and then this command, "
            "which trains it anew"
        )
    return kept
