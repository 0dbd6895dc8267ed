"""What a model answers for validation rows, and what they are."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from search.errors import InputError
from search.models.intervals import Intervals, intervals_of
from search.models.saved_model import OpenModel, SavedModel, open_model
from search.study.unchanged import unchanged_data

if TYPE_CHECKING:
    from search.data import PreparedData
    from search.data.rows.raw import Array
    from search.study.study import Study

_AT_ONCE = 8192


def answers_in_pieces(model: OpenModel, x: Array) -> Array:
    """Answers for prepared rows; in pieces, since a network needs room for all rows of a piece at once."""
    pieces = [model.answer_prepared(x[start : start + _AT_ONCE]) for start in range(0, len(x), _AT_ONCE)]
    return np.concatenate(pieces)


def validation_answers(model: OpenModel, data: PreparedData) -> tuple[Array, Array]:
    """Answers as `OpenModel` has them, and class numbers (rows,) or quantities in the target's units (rows,)."""
    x, y = data.validation()
    answers, spec = answers_in_pieces(model, x), data.spec
    if spec.task == "regression":
        return answers, spec.in_units(spec.standardised_targets(np.asarray(y, dtype=np.float64)))
    return answers, np.asarray(y)


def intervals_of_kept(study: Study, path: Path) -> Intervals | None:
    """Of a model that a study has kept; None of classes, and where the study's data is not there as it was.

    None too of the mean of networks of folds: all rows trained some of them.
    """
    if study.data.task != "regression" or study.settings.folds is not None:
        return None
    with suppress(InputError):
        data = unchanged_data(study, study.settings)
        model = open_model(SavedModel(path, study.data), study.settings.threads)
        return intervals_of(*validation_answers(model, data))
    return None
