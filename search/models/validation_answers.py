"""What a model answers for rows that did not train the network that answers them, and what these rows are."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
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
    """Answers as `OpenModel` has them, and class numbers or quantities in the target's units, (rows,).

    Of several targets (rows, targets) each.
    """
    x, y = data.validation()
    answers, spec = answers_in_pieces(model, x), data.spec
    if spec.of_quantities:
        return answers, spec.in_units(spec.standardised_targets(np.asarray(y, dtype=np.float64)))
    return answers, np.asarray(y)


@dataclass(frozen=True, eq=False)
class OtherRows:
    """Answers as `OpenModel` has them, class numbers (rows,) or quantities in the target's units (rows,).

    `weights` say how much each row counts, (rows,); all alike without them.
    """

    answers: Array
    y: Array
    weights: Array | None


def other_rows(model: OpenModel, data: PreparedData, folds: int | None) -> OtherRows:
    """The validation rows; of `folds` all rows of the search, each answered by the network of the fold it judged."""
    if folds is None:
        return OtherRows(*validation_answers(model, data), data.validation_weights())
    from search.data import fitted_fold

    of_each = []
    for number in range(folds):
        fold = fitted_fold(data, number, folds)
        network = OpenModel(model.model.get_layer(f"fold_{number + 1}"), fold.spec, model.threshold)
        of_each.append((*validation_answers(network, fold), fold.validation_weights()))
    answers, y, weights = zip(*of_each, strict=True)
    counts = None if weights[0] is None else np.concatenate(weights)
    return OtherRows(np.concatenate(answers), np.concatenate(y), counts)


def intervals_of_model(model: OpenModel, data: PreparedData, folds: int | None) -> Intervals | None:
    """By its errors on `other_rows`; None of classes."""
    if model.spec.task != "regression":
        return None
    known = other_rows(model, data, folds)
    return intervals_of(known.answers, known.y)


def intervals_of_kept(study: Study, path: Path) -> Intervals | None:
    """Of a model that a study has kept; None of classes, and where the study's data is not there as it was."""
    if study.data.task != "regression":
        return None
    with suppress(InputError):
        data = unchanged_data(study, study.settings)
        model = open_model(SavedModel(path, study.data), study.settings.threads)
        return intervals_of_model(model, data, study.settings.folds)
    return None
