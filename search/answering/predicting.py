"""What a model answers for new rows, as a file: a row for each row, in their order, in memory that does not grow."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from search.answering.answers_file import answers_file
from search.answering.new_rows import open_rows
from search.answering.remarks import refuse_unreadable, remarks
from search.data import DataRequest, DataSpec
from search.errors import InputError
from search.models.saved_model import OpenModel, SavedModel, open_model

if TYPE_CHECKING:
    import pandas as pd

    from search.data.rows.raw import Array

PREDICTION = "prediction"
BOUNDS = ("lower", "upper")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Predicted:
    """How many rows were answered, and what there is to say about them."""

    rows: int
    remarks: tuple[str, ...]


def predict(
    saved: SavedModel,
    request: DataRequest,
    output: Path,
    keep: Sequence[str] = (),
    *,
    threads: int,
    interval: float | None = None,
    at_once: int | None = None,
    progress: Progress = lambda done, total: None,
    opened: OpenModel | None = None,
) -> Predicted:
    """Write the answers for all rows of a source to `output`, .csv or .parquet, which is there whole or not at all.

    Args:
        keep: columns of the source that are written before the answers, as they stand there: "a,b" or each for itself.
        interval: the level of prediction intervals, whose ends are written after the answers.
        at_once: rows in memory at a time.
        progress: called with the rows that are done and all rows, after each piece.
        opened: the model, where it is loaded already.

    Raises:
        InputError: the source does not fit the model, or cannot be read, or the disk takes no more.
    """
    bounds = _bounds(saved, interval)
    rows = open_rows(request, saved.spec, keep)
    _refuse_clash(rows.kept, (*columns_of(saved.spec), *(BOUNDS if bounds else ())))
    done = 0
    with answers_file(output) as write:
        answer = (opened or open_model(saved, threads)).answer
        for piece in rows.pieces(at_once or rows.at_once):
            answers = answer(piece.x)
            beside = answers_beside(piece.kept, answers, saved)
            write(beside.assign(**bounds(answers)) if bounds else beside)
            done += len(piece.x)
            progress(done, rows.total)
        refuse_unreadable(request.source, rows.found, saved.spec)
    return Predicted(done, (*rows.notes, *remarks(rows.found, saved.spec)))


def columns_of(spec: DataSpec) -> tuple[str, ...]:
    """Names of the columns that hold answers: the prediction, then a probability for each class.

    Of several targets the prediction of each and, of labels, then the probability of the second class of each.
    """
    if spec.targets:
        of = (PREDICTION,) if spec.of_quantities else (PREDICTION, "probability")
        return tuple(f"{what}_{one.name}" for what in of for one in spec.targets)
    return (PREDICTION, *(f"probability_{name}" for name in spec.class_names))


def answers_beside(kept: pd.DataFrame, answers: Array, saved: SavedModel) -> pd.DataFrame:
    """Columns that were kept, then the answers: probabilities (rows, classes), or quantities (rows,).

    Of several targets (rows, targets).
    """
    import pandas as pd

    spec = saved.spec
    if spec.targets:
        return pd.concat([kept.reset_index(drop=True), _of_several(answers, saved)], axis="columns")
    prediction, *probabilities = columns_of(spec)
    told: dict[str, object] = {name: kept[name].array for name in kept.columns}
    if spec.task == "regression":
        return pd.DataFrame({**told, prediction: answers})
    told[prediction] = np.array(spec.class_names, dtype=object)[saved.classes(answers)]
    return pd.DataFrame({**told, **dict(zip(probabilities, answers.T, strict=True))})


def _of_several(answers: Array, saved: SavedModel) -> pd.DataFrame:
    import pandas as pd

    spec = saved.spec
    if spec.of_quantities:
        return pd.DataFrame(dict(zip(columns_of(spec), answers.T, strict=True)))
    labels = [
        np.array(one.class_names, dtype=object)[classes]
        for one, classes in zip(spec.targets, saved.classes(answers).T, strict=True)
    ]
    return pd.DataFrame(dict(zip(columns_of(spec), [*labels, *answers.T], strict=True)))


def _bounds(saved: SavedModel, level: float | None) -> Callable[[Array], dict[str, Array]] | None:
    """From answers to the ends of their intervals, by the names of their columns; None where none are asked for."""
    if level is None:
        return None
    if saved.spec.task != "regression":
        answers = (
            f"{len(saved.spec.targets)} quantities, none of which has intervals"
            if saved.spec.of_quantities
            else "classes, with a probability of each"
        )
        raise InputError(f"--interval: the model answers {answers}; leave it out")
    if saved.intervals is None:
        raise InputError(
            f"--interval: no prediction intervals were kept with {saved.path}; export it again, with the "
            "study's data at hand"
        )
    saved.intervals.half_widths(np.zeros(1), level)  # refused before anything is read
    found = saved.intervals

    def bounds(answers: Array) -> dict[str, Array]:
        halves = found.half_widths(answers, level)
        return dict(zip(BOUNDS, (answers - halves, answers + halves), strict=True))

    return bounds


def _refuse_clash(keep: Iterable[str], answers: Container[str]) -> None:
    for name in keep:
        if name in answers:
            raise InputError(f"--keep {name}: an answer has that name; rename the column, or leave it out")
