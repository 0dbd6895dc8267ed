"""Compare a model's answers with what rows really are, piece by piece."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from search.answering.compared_rows import AnswersOfClasses, AnswersOfQuantities
from search.answering.drift import drifts
from search.answering.evaluation import Evaluation
from search.answering.explaining.explaining import Answered, Rows, chosen, explain
from search.answering.explaining.explanation import Explanation
from search.answering.labels import Classes
from search.answering.new_rows import Piece, open_rows, rows_at
from search.answering.remarks import refuse_unreadable, remarks
from search.answering.several_targets import AnswersOfSeveral
from search.conclusion.statistics.coverage import coverage_of
from search.data import DataRequest, fingerprint_source
from search.data.columns.weights import read_weights
from search.data.rows.raw import taken
from search.models.saved_model import OpenModel, SavedModel, open_model
from search.study.look import Coverage

if TYPE_CHECKING:
    from search.answering.predicting import Progress
    from search.data.rows.raw import Array

_OF_FOLDS = (
    "the model is the mean of the networks of several folds, each with a preprocessing of its own: what it goes by is "
    "not told"
)
_TRAINED_ON = (
    "these are the rows that the model was searched and trained on, so its answers are better than on new ones; "
    "`perceptuna finalize` tests on rows that nothing has seen"
)


def evaluate(
    saved: SavedModel,
    request: DataRequest,
    *,
    threads: int,
    at_once: int | None = None,
    searched: bool = False,
    progress: Progress = lambda done, total: None,
) -> Evaluation:
    """What the model's answers for the rows of a source are worth, where the source has the target.

    Args:
        searched: the rows are known to be those that the search was made of; else that is told by their fingerprint.

    Raises:
        InputError: the source does not fit the model or cannot be read, or no row has a target that is known.
    """
    spec = saved.spec
    rows = open_rows(request, spec, with_labels=True)
    kept = _answers_of(saved)
    model = open_model(saved, threads)
    place = f"'{spec.weight}' of {request.source}"
    done, files = 0, list[str]()
    for piece in rows.pieces(at_once or rows.at_once):
        kept.add(model.answer(piece.x), piece.labels, _weights(piece, place))
        files += piece.kept.get("file", ())
        done += len(piece.x)
        progress(done, rows.total)
    refuse_unreadable(request.source, rows.found, spec)
    told = (*rows.notes, *remarks(rows.found, spec))
    if searched or fingerprint_source(request) == spec.fingerprint:
        told = (_TRAINED_ON, *told)
    drift = drifts(rows.found, spec) if spec.kind == "table" else None
    if model.of_folds:
        return kept.evaluation(request.source, {"drift": drift, "remarks": (*told, _OF_FOLDS)})
    found = kept.evaluation(request.source, {"drift": drift, "remarks": told})
    return replace(
        found,
        coverage=_coverage(saved, kept.answered()),
        explanation=_explained(model, saved.metric, kept.answered(), request, files),
    )


def _answers_of(saved: SavedModel) -> AnswersOfQuantities | AnswersOfClasses | AnswersOfSeveral:
    if saved.spec.targets:
        return AnswersOfSeveral(saved)
    if saved.spec.of_quantities:
        return AnswersOfQuantities(saved)
    return AnswersOfClasses(saved, Classes(saved.spec))


def _coverage(saved: SavedModel, rows: Answered) -> tuple[Coverage, ...]:
    """How often the model's prediction intervals hold the targets, by their level; none where it has none."""
    intervals = saved.intervals
    if intervals is None:
        return ()
    return tuple(
        coverage_of(
            intervals.covers(rows.answers, rows.y, level), intervals.half_widths(rows.answers, level), level
        )
        for level in intervals.halves
    )


def _explained(
    model: OpenModel, metric: str, rows: Answered, request: DataRequest, files: list[str]
) -> Explanation:
    """The rows that are needed for it are read once more: all of them would not fit into memory."""
    looked, wrong = chosen(rows, model)
    if model.spec.kind == "image":
        of_wrong = Rows(None, [files[place] for place in rows.places[wrong]] if files else ())
        return explain(model, metric, rows, (looked, Rows(None)), (wrong, of_wrong), numbered=True)
    wanted = np.union1d(rows.places[looked], rows.places[wrong])
    raw = rows_at(request, model.spec, wanted)
    looked_rows, wrong_rows = (
        Rows(taken(raw, np.searchsorted(wanted, rows.places[of]))) for of in (looked, wrong)
    )
    return explain(model, metric, rows, (looked, looked_rows), (wrong, wrong_rows), numbered=True)


def _weights(piece: Piece, place: str) -> Array | None:
    return None if piece.weights is None else read_weights(piece.weights, place)
