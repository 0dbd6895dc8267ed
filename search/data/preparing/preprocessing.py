"""Preprocessing as a Keras model: one and the same prepares the training rows and goes into exported models.

Everything is a plain Keras layer or operation with its statistics in its configuration, so a saved model
loads where this project is not installed, with safe mode on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from search.data.columns import dates
from search.data.preparing.column_spec import CategoryColumn, DateColumn, NumberColumn, TextColumn
from search.data.preparing.dates_in_graph import days_in_graph
from search.data.preparing.log_target import in_units
from search.data.preparing.spec import DataSpec, TargetSpec
from search.data.preparing.words import word_features
from search.data.reading.resizing import resizing_layer
from search.data.rows.raw import Array, Table
from search.machine.plain_keras import import_keras

if TYPE_CHECKING:
    import keras

BATCH_ROWS = 8192
# A value this many deviations out is a mistake, or of a column that hardly varied in training: it would
# overflow float32 further on and turn the whole validation loss into NaN.
LARGEST_STANDARDISED = 1e6


def attach_preprocessing(core: keras.Model, spec: DataSpec, name: str = "deployable") -> keras.Model:
    """A model from raw rows to probabilities, or to values in the target's units.

    `core` takes prepared rows, (batch, *spec.input_shape), and ends in softmax, sigmoid or linear units.
    The result takes images as `core` does (of any size where `spec.resized`), vectors as float64 (batch,
    features), or a dict of (batch, 1) tensors, one for each `input_name` of `spec.columns`: float64 with NaN
    for missing (numbers, booleans as 0 and 1), string with "" for missing (categories, dates, texts). Outputs are
    those of `core`, (batch, classes), (batch, 1) or (batch, targets); of quantities float64.

    `predict` casts float64 to float32 on the way in, as Keras does everywhere. Call the model itself, with
    what `raw_inputs` makes, where a column needs more digits than that (times in seconds, large identifiers).
    """
    keras = import_keras()
    from keras import ops

    if spec.kind == "image":
        shape = spec.input_shape
        if spec.resized is None:
            inputs = keras.Input(shape, dtype=core.inputs[0].dtype, name="image")
            features = inputs
        else:
            inputs = keras.Input((None, None, shape[-1]), dtype=core.inputs[0].dtype, name="image")
            features = ops.round(resizing_layer(spec.resized)(inputs))
    else:
        model = preprocessing_model(spec)
        inputs, features = model.input, model.output
    outputs = core(features)
    if spec.target_log is not None:
        outputs = in_units(outputs, spec.target_log)
    elif spec.of_quantities:
        each = spec.targets or (TargetSpec(name="", mean=spec.target_mean, std=spec.target_std),)
        outputs = keras.layers.Rescaling(
            np.array([one.std for one in each]),
            offset=np.array([one.mean for one in each]),
            dtype="float64",
            name="target_units",
        )(outputs)
    return keras.Model(inputs, outputs, name=name)


def preprocessing_model(spec: DataSpec) -> keras.Model:
    """Raw rows of a table, or vectors, to float32 (batch, features); inputs as in `attach_preprocessing`."""
    keras = import_keras()
    from keras import ops

    if spec.kind == "image":
        raise ValueError("images are stored as they are: their scale is part of the trained model")
    if spec.kind == "vector":
        vector = keras.Input(spec.input_shape, dtype="float64", name="features")
        mean, std = np.array(spec.feature_mean), np.array(spec.feature_std)
        return keras.Model(vector, ops.cast(_standardised(vector, mean, std), "float32"))
    inputs = {
        column.input_name: keras.Input(
            (1,), dtype="float64" if isinstance(column, NumberColumn) else "string", name=column.input_name
        )
        for column in spec.columns
    }
    parts: list[Any] = []
    numbers = [column for column in spec.columns if isinstance(column, NumberColumn)]
    if numbers:
        parts += _number_features(numbers, inputs)
    for column in spec.columns:
        if isinstance(column, CategoryColumn) and not column.coded:
            parts.append(_category_features(column, inputs[column.input_name]))
        elif isinstance(column, TextColumn):
            parts.append(word_features(inputs[column.input_name], column.words))
        elif isinstance(column, DateColumn):
            parts += _date_features(column, inputs[column.input_name])
    first = 0
    for column in spec.coded:
        parts.append(_looked_up(column, inputs[column.input_name], "int") + first)
        first += column.codes
    features = _concatenated([ops.cast(part, "float32") for part in parts], "float32")
    return keras.Model(inputs, features, name="preprocessing")


def raw_inputs(rows: Mapping[str, Any] | Table, spec: DataSpec) -> dict[str, Any]:
    """Tensors (rows, 1) by `input_name` for a table's model, from values by column name.

    Missing may be None, NaN or "". Columns that the spec does not use are left out.

    Raises:
        KeyError: a column that the spec uses is not there.
    """
    import tensorflow as tf

    tensors: dict[str, Any] = {}
    for column in spec.columns:
        values = rows.columns[column.name].values if isinstance(rows, Table) else rows[column.name]
        if isinstance(column, NumberColumn):
            tensors[column.input_name] = tf.constant(np.asarray(values, dtype=np.float64).reshape(-1, 1))
        else:
            text = ["" if value is None or value != value else str(value) for value in values]
            tensors[column.input_name] = tf.reshape(tf.constant(text, dtype=tf.string), (-1, 1))
    return tensors


def transform(rows: Array | Table, spec: DataSpec, model: keras.Model | None = None) -> NDArray[np.float32]:
    """Raw rows to float32 (rows, features) through `preprocessing_model(spec)`, in batches."""
    import tensorflow as tf

    model = model or preprocessing_model(spec)
    features = np.empty((len(rows), *spec.input_shape), dtype=np.float32)
    for start in range(0, len(rows), BATCH_ROWS):
        batch = np.arange(start, min(start + BATCH_ROWS, len(rows)))
        if isinstance(rows, Table):
            inputs: Any = raw_inputs(rows.take(batch), spec)
        else:
            inputs = tf.constant(rows[batch].astype(np.float64))
        features[batch] = np.asarray(model(inputs))
    return features


def _standardised(values: Any, mean: Array, std: Array) -> Any:
    """In two steps: a product and a sum in one would lose the digits of values far from 0, such as times."""
    import keras
    from keras import ops

    std = np.asarray(std, dtype=np.float64)
    # Arrays, not lists: Keras makes float32 of a list before it makes float64 of it.
    centred = keras.layers.Rescaling(np.ones(1), offset=-np.asarray(mean, dtype=np.float64), dtype="float64")(
        values
    )
    scaled = keras.layers.Rescaling(
        np.divide(1.0, std, out=np.zeros_like(std), where=std > 0), offset=np.zeros(1), dtype="float64"
    )(centred)
    return ops.clip(scaled, -LARGEST_STANDARDISED, LARGEST_STANDARDISED)


def _number_features(columns: Sequence[NumberColumn], inputs: Mapping[str, Any]) -> list[Any]:
    """Every number at once: a thousand columns are one concatenation, not a thousand small layers."""
    from keras import ops

    values = _concatenated([inputs[column.input_name] for column in columns], "float64")
    median = np.array([[column.median for column in columns]])
    present = ops.isfinite(values)
    filled = ops.where(present, values, median)
    mean, std = np.array([c.mean for c in columns]), np.array([c.std for c in columns])
    parts = []
    taught = [index for index, column in enumerate(columns) if not column.untaught]
    if taught:
        parts.append(_positions(_standardised(filled, mean, std), taught, len(columns)))
    flagged = [index for index, column in enumerate(columns) if column.missing_flag]
    if flagged:
        parts.append(_positions(ops.cast(ops.logical_not(present), "float64"), flagged, len(columns)))
    return parts


def _category_features(column: CategoryColumn, text: Any) -> Any:
    return _taught(_looked_up(column, text, "one_hot"), column, column.codes)


def _looked_up(column: CategoryColumn, text: Any, mode: str) -> Any:
    """Positions of texts (batch, 1): as they are, or one-hot (batch, codes)."""
    import keras

    unknown = "[unknown]"
    while unknown in column.values:
        unknown = f"[{unknown}]"
    return keras.layers.StringLookup(
        vocabulary=["", *column.values], oov_token=unknown, num_oov_indices=1, output_mode=mode
    )(text)


def _date_features(column: DateColumn, text: Any) -> list[Any]:
    """A missing date, or a text that is none, has the median day and no place in year, week or day."""
    from keras import ops

    days, fits = days_in_graph(text, column.template)
    filled = ops.where(fits, days, np.array([[column.median]]))
    parts = [_standardised(filled, np.array([column.mean]), np.array([column.std]))]
    known = ops.cast(fits, "float64")
    for period in dates.periods(column.template):
        angle = (2 * np.pi / period) * filled
        parts += [ops.sin(angle) * known, ops.cos(angle) * known]
    if column.missing_flag:
        parts.append(1.0 - known)
    return [part for position, part in enumerate(parts) if position not in column.untaught]


def _taught(features: Any, column: CategoryColumn, count: int) -> Any:
    """`features`, (batch, count), without those that no training row has."""
    return _positions(features, [index for index in range(count) if index not in column.untaught], count)


def _positions(features: Any, kept: Sequence[int], count: int) -> Any:
    """These of `count` features, in their order."""
    from keras import ops

    if len(kept) == count:
        return features
    return ops.take(features, np.array(kept, dtype=np.int32), axis=1)


def _concatenated(tensors: Sequence[Any], dtype: str) -> Any:
    import keras

    if len(tensors) == 1:
        return tensors[0]
    return keras.layers.Concatenate(dtype=dtype)(list(tensors))
