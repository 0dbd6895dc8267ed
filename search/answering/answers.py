"""What a model answers for new rows, as arrays: for a program that goes on with them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from search.answering.new_rows import open_rows
from search.answering.remarks import refuse_unreadable, remarks
from search.data import DataRequest

# As numbers are written, so that no name is lost: not 007.
_WHOLE = re.compile(r"0|-?[1-9]\d{0,17}")

if TYPE_CHECKING:
    from search.data.rows.raw import Array
    from search.models.saved_model import OpenModel, SavedModel


@dataclass(frozen=True)
class Answered:
    """Probabilities (rows, classes) or quantities (rows,), in the order of the rows, and what there is to say.

    Of several targets (rows, targets).
    """

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
    """The class that is answered for each row, (rows,): text, or whole numbers where the names of all classes are some.

    So answers compare with the column that was learnt. Of several labels (rows, labels).
    """
    if saved.spec.targets:
        of_each = saved.classes(probabilities).T
        names_of = [one.class_names for one in saved.spec.targets]
        columns = [_named(at, names) for at, names in zip(of_each, names_of, strict=True)]
        alike = len({column.dtype.kind for column in columns}) == 1
        return np.stack(columns if alike else [column.astype(str) for column in columns], axis=1)
    return _named(saved.classes(probabilities), saved.spec.class_names)


def _named(classes: Array, names: tuple[str, ...]) -> Array:
    numbers = all(_WHOLE.fullmatch(name) for name in names)
    return np.array(names, dtype=np.int64 if numbers else None)[classes]
