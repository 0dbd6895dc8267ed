"""Explain a model by rows whose targets are known: which are looked at, and what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from search.answering.explaining.dependence import COLUMNS, answer_names, dependence, value_in_words
from search.answering.explaining.explanation import Dependence, Explanation, Importance, WrongRow
from search.answering.explaining.importance import SHUFFLES, importances, rows_within
from search.answering.explaining.recorded_answers import usual_metric, value_of, wrongness
from search.data import Table
from search.data.preparing.feature_places import places_of
from search.data.preparing.preprocessing import preprocessing_model, transform
from search.models.saved_model import classes_answered
from search.models.validation_answers import answers_in_pieces
from search.settings.metrics import direction_of, sign_of
from search.training.decision import USUAL
from spaces.wording import quantity

if TYPE_CHECKING:
    from search.data import DataSpec
    from search.data.rows.raw import Array
    from search.models.saved_model import OpenModel

WRONG_ROWS = 5
_VALUES_OF_WRONG_ROWS = 20
_TARGETS_OF_WRONG_ROWS = 3


@dataclass(frozen=True)
class Answered:
    """Rows whose targets are known, by their places among all rows of their source.

    `y` are class numbers or quantities, `answers` too, and `wrong` is how wrong each is (`wrongness`); all (rows,), but
    of several targets the first two (rows, targets).
    `weights` say how much each counts, (rows,); None where all count alike.
    """

    places: Array
    y: Array
    answers: Array
    wrong: Array
    weights: Array | None = None

    def __len__(self) -> int:
        return len(self.places)


@dataclass(frozen=True)
class Rows:
    """Some rows as they were read: columns, arrays, or names of image files."""

    raw: Array | Table | None
    files: Sequence[str] = ()


def answered(places: Array, y: Array, answers: Array, spec: DataSpec, threshold: float = USUAL) -> Answered:
    """Of probabilities (rows, classes) or quantities (rows,); of several targets (rows, targets) of either.

    The second of two classes is answered above the probability `threshold`.
    """
    told = answers if spec.of_quantities else classes_answered(answers, spec, threshold)
    return Answered(places, y, told, wrongness(answers, y, spec))


def chosen(rows: Answered, model: OpenModel) -> tuple[Array, Array]:
    """Which of `rows` are looked at, in their order, and which are answered most wrong, these first; indices."""
    spec = model.spec
    most = rows_within(len(places_of(spec)), model.core.count_params())
    looked = np.arange(len(rows))
    if len(rows) > most:
        looked = np.sort(np.random.default_rng(0).choice(len(rows), most, replace=False))
    worst = np.argsort(-rows.wrong, kind="stable")[:WRONG_ROWS]
    wrong = [at for at in worst if spec.of_quantities or np.any(rows.answers[at] != rows.y[at])]
    return looked, np.array(wrong, dtype=np.int64)


def explain(
    model: OpenModel,
    metric: str,
    rows: Answered,
    looked: tuple[Array, Rows],
    wrong: tuple[Array, Rows],
    *,
    numbered: bool,
) -> Explanation:
    """What the model goes by on the rows that are `looked` at, and those that it gets most `wrong`.

    Args:
        metric: without `val_`; the usual of the task where it is "".
        looked, wrong: indices into `rows`, and these rows as they were read.
        numbered: whether the place of a row is that in a file that people have.
    """
    spec = model.spec
    metric = metric or usual_metric(spec)
    at, there = looked
    y, value = rows.y[at], float("nan")
    weights = None if rows.weights is None else rows.weights[at]
    importance: tuple[Importance, ...] = ()
    dependences: tuple[Dependence, ...] = ()
    if spec.kind != "image" and there.raw is not None:
        raw, places, preprocessing = there.raw, places_of(spec), preprocessing_model(spec)
        x = transform(raw, spec, preprocessing)
        value, importance = importances(
            x,
            places,
            lambda features: value_of(
                metric, answers_in_pieces(model, features), y, spec, weights, threshold=model.threshold
            ),
            sign_of(direction_of(metric)),
        )
        dependences = tuple(
            dependence(
                one.column,
                raw,
                x,
                places[one.column],
                lambda some: transform(some, spec, preprocessing),
                lambda features: _mean_answers(model, features),
            )
            for one in importance[:COLUMNS]
            if len(places[one.column])
        )
    shown = [one.column for one in importance[:_VALUES_OF_WRONG_ROWS]]
    return Explanation(
        rows=len(at),
        of=len(rows),
        metric=metric,
        value=value,
        shuffles=SHUFFLES,
        importances=importance,
        answers=answer_names(spec),
        dependences=dependences,
        wrong=_wrong_rows(rows, wrong, shown, spec, numbered=numbered),
    )


def _mean_answers(model: OpenModel, x: Array) -> tuple[float, ...]:
    means = np.atleast_1d(answers_in_pieces(model, x).mean(axis=0, dtype=np.float64))
    return tuple(float(mean) for mean in (means[1:] if model.spec.task == "binary" else means))


def _wrong_rows(
    rows: Answered, wrong: tuple[Array, Rows], columns: Sequence[str], spec: DataSpec, *, numbered: bool
) -> tuple[WrongRow, ...]:
    at, there = wrong
    told = [_worst_targets(rows.y[index], rows.answers[index], spec) for index in at]
    return tuple(
        WrongRow(
            row=int(rows.places[index]) + 1 if numbered else None,
            file=there.files[place] if there.files else None,
            target=_in_words(rows.y[index], spec, told[place]),
            answer=_in_words(rows.answers[index], spec, told[place]),
            wrong=float(rows.wrong[index]),
            values=_values(there.raw, place, columns),
        )
        for place, index in enumerate(at)
    )


def _worst_targets(y: Any, answers: Any, spec: DataSpec) -> list[int]:
    """Of several targets those that are answered most wrong, by their places: a few, of labels the wrong ones."""
    if not spec.targets:
        return []
    wrong = np.abs(spec.learnt_targets(answers) - spec.learnt_targets(y))
    return [int(at) for at in np.argsort(-wrong, kind="stable")[:_TARGETS_OF_WRONG_ROWS] if wrong[at] > 0]


def _in_words(value: Any, spec: DataSpec, places: Sequence[int]) -> str:
    """A class or a quantity; of several targets those at `places`."""
    if spec.targets:
        return ", ".join(
            f"{spec.targets[at].name} {_in_words(value[at], spec.of_target(at), ())}" for at in places
        )
    return quantity(float(value)) if spec.task == "regression" else spec.class_names[int(value)]


def _values(raw: Array | Table | None, place: int, columns: Sequence[str]) -> dict[str, str]:
    if isinstance(raw, Table):
        of = {name: raw.columns[name] for name in columns}
        return {name: value_in_words(column.values[place], column) for name, column in of.items()}
    if raw is None or raw.ndim != 2:
        return {}
    return {name: quantity(float(raw[place, int(name.removeprefix("feature "))])) for name in columns}
