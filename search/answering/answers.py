"""What a model answers for new rows, as arrays: for a program that goes on with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from search.answering.new_rows import open_rows
from search.answering.remarks import refuse_unreadable, remarks
from search.data import DataRequest

if TYPE_CHECKING:
    from search.data.rows.raw import Array
    from search.models.saved_model import OpenModel, SavedModel


@dataclass(frozen=True)
class Answered:
    """Probabilities (rows, classes) or quantities (rows,), in the order of the rows, and what there is to say."""

    values: Array
    remarks: tuple[str, ...]


def answered(opened: OpenModel, request: DataRequest) -> Answered:
    """What a model says of all rows of a source.

    Raises:
        InputError: the source does not fit the model, or cannot be read.
    """
    spec = opened.spec
    rows = open_rows(request, spec)
    values = [opened.answer(piece.x) for piece in rows.pieces(rows.at_once)]
    refuse_unreadable(request.source, rows.found, spec)
    return Answered(np.concatenate(values), (*rows.notes, *remarks(rows.found, spec)))


def classes_of(probabilities: Array, saved: SavedModel) -> Array:
    """The name of the class that is answered for each row, text (rows,)."""
    return np.array(saved.spec.class_names)[saved.classes(probabilities)]
