"""The one place that opens the sealed test split: for one model, after the look is written into the study."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.conclusion.confirmation.record import Look, new_look, write_look
from search.conclusion.statistics.intervals import Interval, mean_of, wilson
from search.configuration import hyperparameters_of
from search.data.sealed import open_test_split
from storage import artifact_folder, open_artifacts
from storage.artifacts import model_file_name, study_artifacts

if TYPE_CHECKING:
    import numpy as np
    from optuna.trial import FrozenTrial

    from search.data import PreparedData
    from search.study import Study


def look_at_test_split(
    study: Study, companion: Study, trained: FrozenTrial, data: PreparedData, trial: int
) -> Look:
    """Measure the kept model of `trained`, a trial of `companion`, on the test split of `study`.

    The look is recorded before the split is opened, so that none is forgotten whatever happens, and completed by
    what was seen. `trial` is the configuration's number in the search.
    """
    from search.tensorflow_start import start_tensorflow

    start_tensorflow(study.settings.threads)
    from search.training.scoring import measure_rows, score_rows

    hyperparameters = hyperparameters_of(companion.space, trained)
    weights = _kept_weights(companion, trained)
    look = new_look(study, trial=trial, companion=companion.name, trained=trained.number)
    write_look(study, look)
    x, y = open_test_split(data)
    measured = measure_rows(hyperparameters, data.spec, weights, x, y)
    metric = study.metric.removeprefix("val_")
    scores = score_rows(hyperparameters, data.spec, weights, x, y, metric)
    value = measured[metric]
    seen = {"value": value, "interval": interval_over_rows(metric, value, scores), "measured": measured}
    look = look.model_copy(update=seen)
    write_look(study, look)
    return look


def interval_over_rows(metric: str, value: float, scores: np.ndarray[Any, Any] | None) -> Interval | None:
    """95 % of a test value by the rows it is counted on: Wilson's for an accuracy, Student's for a mean of errors.

    None where a metric is no mean over rows: how rows would move it is not known.
    """
    if scores is None:
        return None
    return wilson(value, len(scores)) if metric == "accuracy" else mean_of(scores.tolist()).interval


def _kept_weights(companion: Study, trained: FrozenTrial) -> list[Any]:
    """Of the MLP inside the kept model, in Keras's order."""
    import keras

    wanted = model_file_name(trained.number)
    artifact = next(key for key, name in study_artifacts(companion.optuna).items() if name == wanted)
    store = open_artifacts(artifact_folder(companion.url))
    with tempfile.TemporaryDirectory(prefix="perceptuna-") as folder:
        path = Path(folder, "model.keras")
        with store.open_reader(artifact) as reader:
            path.write_bytes(reader.read())
        whole = keras.models.load_model(path, compile=False)
    (mlp,) = (layer for layer in whole.layers if isinstance(layer, keras.Model))
    return mlp.get_weights()
