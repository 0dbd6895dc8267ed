"""A model that was written, ready to answer: a file of `export` or `finalize`, or what a study has kept of its best."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from search.data import DataSpec, Table, raw_inputs
from search.errors import InputError
from search.machine.plain_keras import import_keras
from search.machine.temporary import temporary_folder
from search.machine.tensorflow_start import start_tensorflow
from search.models.facts_file import facts_beside
from search.models.intervals import Intervals
from search.models.kept_model import kept_model
from search.models.threshold import threshold_in, threshold_of_trial, with_threshold
from search.settings.costs import costs_in
from search.settings.own_metrics import own_metric_in
from search.training.decision import USUAL
from search.training.network.dimensions import output_units

if TYPE_CHECKING:
    from search.data.rows.raw import Array
    from search.study.study import Study

ENDING = ".keras"


@dataclass(frozen=True)
class SavedModel:
    """A model file, what its rows have to be, and whether the table that it was trained on had names of columns.

    `metric` is what its trial was chosen by, without `val_`; "" where that is not told. The second of two classes is
    answered above the probability `threshold`. `intervals` are of a regression, where they were kept with it.
    """

    path: Path
    spec: DataSpec
    header: bool = True
    metric: str = ""
    threshold: float = USUAL
    intervals: Intervals | None = None

    def classes(self, probabilities: Array) -> Array:
        """The class that is answered for each row, (rows,), by the probabilities of all, (rows, classes)."""
        return classes_answered(probabilities, self.spec, self.threshold)


@dataclass(frozen=True)
class OpenModel:
    """A model that is loaded. Answers are float probabilities (rows, classes), or quantities (rows,).

    Of several targets (rows, targets): quantities, or for each label the probability of its second class.

    The second of two classes is answered above the probability `threshold`.
    """

    model: Any
    spec: DataSpec
    threshold: float = USUAL

    def classes(self, probabilities: Array) -> Array:
        """The class that is answered for each row, (rows,), by the probabilities of all, (rows, classes)."""
        return classes_answered(probabilities, self.spec, self.threshold)

    def answer(self, rows: Array | Table) -> Array:
        """Rows are a table's columns, or arrays as `attach_preprocessing` has them."""
        return self._told(np.asarray(self.model(_inputs(rows, self.model, self.spec))))

    def answer_prepared(self, x: Array) -> Array:
        """Rows are prepared ones, as in `PreparedData`."""
        import tensorflow as tf

        outputs = np.asarray(self.core(tf.constant(x)))
        if self.spec.of_quantities:
            standardised = self.spec.standardised_answers(outputs.astype(np.float64))
            outputs = self.spec.in_units(standardised)
        return self._told(outputs)

    @property
    def core(self) -> Any:
        """The network inside, which takes prepared rows. Not where it is `of_folds`."""
        (core,) = self._inside
        return core

    @property
    def of_folds(self) -> bool:
        """Whether it is the mean of several networks, each with a preprocessing of its own."""
        return len(self._inside) > 1

    @property
    def _inside(self) -> list[Any]:
        keras = import_keras()
        return [layer for layer in self.model.layers if isinstance(layer, keras.Model)]

    def _told(self, outputs: Array) -> Array:
        if self.spec.task == "regression":
            return outputs[:, 0]
        if self.spec.task == "binary":
            return np.concatenate([1 - outputs, outputs], axis=1)
        return outputs


def classes_answered(probabilities: Array, spec: DataSpec, threshold: float) -> Array:
    """The class of each row, (rows,), by the probabilities of all, (rows, classes).

    Of two classes the second is answered where its probability is above `threshold`. Of several labels, (rows, labels)
    each, where the probability of its second class is above a half.
    """
    if spec.task == "multilabel":
        return (probabilities > USUAL).astype(np.int64)
    if spec.task == "binary":
        return (probabilities[:, 1].astype(np.float64) > threshold).astype(np.int64)
    return np.asarray(probabilities.argmax(axis=1))


def model_in_file(path: Path) -> SavedModel:
    """A model of `export` or `finalize` with the facts beside it.

    Raises:
        InputError: one of the two files is not there, or is none of these.
    """
    if not path.is_file():
        raise InputError(f"there is no model {path}; write one by `perceptuna export STUDY -o {path}`")
    beside = facts_beside(path)
    try:
        facts = json.loads(beside.read_text(encoding="utf-8"))
        metric = _told(str(facts.get("metric", "")))
        costs_in(metric)
        kept = facts.get("intervals")
        return SavedModel(
            path,
            DataSpec.model_validate(facts["data"]),
            metric=metric,
            threshold=threshold_in(facts),
            intervals=None if kept is None else Intervals.model_validate(kept),
        )
    except OSError as error:
        raise InputError(
            f"{beside} cannot be read ({error.strerror}): it says what columns {path} takes; put it beside the model, "
            "where `export` or `finalize` wrote it"
        ) from error
    except (ValueError, LookupError, TypeError, ValidationError) as error:
        raise InputError(
            f"{beside} is not what `export` or `finalize` of this version write beside a model; export it again"
        ) from error


def model_of_study(study: Study) -> SavedModel:
    """The model that a study has kept of its best trial.

    Raises:
        InputError: no trial is complete, or its model is not there.
    """
    study.refuse_foreign()
    if study.companion_of is not None:
        raise InputError(
            f"study '{study.name}' is about study '{study.companion_of}', and none of its models is the best: name "
            "that study, or the file that `perceptuna finalize` wrote"
        )
    trial = study.complete_trial(None)
    path = kept_model(study, trial)
    if path is None or not path.is_file():
        raise InputError(
            f"the model of trial {trial.number}, the best of study '{study.name}', is not there; train it again by "
            f"`perceptuna export {study.name} -o {study.name}.keras{study.url.option}`, and name that file"
        )
    threshold = threshold_in(with_threshold({}, threshold_of_trial(trial, study)))
    return SavedModel(path, study.data, study.settings.header, _told(study.metric), threshold)


def _told(metric: str) -> str:
    """Without `val_`. One of a user's own is none here: no file that comes along with a model names code to be run."""
    name = metric.removeprefix("val_")
    return "" if own_metric_in(name) else name


def open_model(saved: SavedModel, threads: int) -> OpenModel:
    """Start TensorFlow and load the model.

    Raises:
        InputError: the file is damaged, or is no model for such rows.
    """
    start_tensorflow(threads)
    model = _loaded(saved.path)
    _refuse_facts_of_another(model, saved)
    return OpenModel(model, saved.spec, saved.threshold)


def _refuse_facts_of_another(model: Any, saved: SavedModel) -> None:
    spec = saved.spec
    if spec.kind == "table":
        takes = {column.input_name for column in spec.columns}
    else:
        takes = {"image" if spec.kind == "image" else "features"}
    units = output_units(spec)
    classes_fit = spec.task != "binary" or len(spec.class_names) == 2
    if (
        not classes_fit
        or {tensor.name for tensor in model.inputs} != takes
        or model.outputs[0].shape[-1] != units
    ):
        raise InputError(
            f"{saved.path} takes or answers something else than {facts_beside(saved.path)} says: one of the two is of "
            "another model; export it again"
        )


def _inputs(rows: Array | Table, model: Any, spec: DataSpec) -> Any:
    import tensorflow as tf

    if isinstance(rows, Table):
        return raw_inputs(rows, spec)
    return tf.constant(rows.astype(model.inputs[0].dtype, copy=False))


def _loaded(path: Path) -> Any:
    keras = import_keras()
    try:
        if path.suffix == ENDING:
            return keras.saving.load_model(path, compile=False)
        with temporary_folder() as folder:  # Keras goes by the ending
            return keras.saving.load_model(shutil.copyfile(path, folder / f"model{ENDING}"), compile=False)
    except (ValueError, OSError, LookupError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is no model that Keras can open ({error}); export it again") from error
