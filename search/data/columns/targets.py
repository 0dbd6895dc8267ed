"""Targets: is it a class or a quantity, which classes are there, and are the labels usable at all.

A label is never rounded: whole numbers of any size keep all of their digits, and text keeps its form.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from search.data.columns.numbers import PLAIN
from search.data.rows.raw import Array, OneTarget, Task
from search.errors import DataError

MOST_CLASSES = 1000
MOST_INFERRED_CLASSES = 20
ROWS_PER_INFERRED_CLASS = 10
# Of more whole numbers, prices or counts, nobody thinks that they are classes.
MOST_DOUBTFUL_CLASSES = 100
FEWEST_ROWS = 10

_WHOLE = re.compile(r"[+-]?\d+(\.0*)?", re.ASCII)
_LEADING_ZERO = re.compile(r"[+-]?0\d", re.ASCII)


@dataclass(frozen=True)
class Target:
    """`y`: int32 class indices into `class_names`, or float64 values where `task` is regression; (rows,).

    `written` says how these stand in a text file, where not as Python writes them: `€ 1.234,5`. Of several targets,
    `each`, `y` is (rows, targets) (`search.data.columns.several_targets`).
    """

    task: Task
    y: Array
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = ()
    written: str = ""
    each: tuple[OneTarget, ...] = ()


@dataclass(frozen=True)
class _Labels:
    """Distinct labels and, by row, which one it is: codes (rows,).

    `numbers` is float64 (labels,), or None where a label is no number. `whole` says that all of them are whole, and
    `words` that they are classes unless a task is asked for: text and booleans.
    """

    distinct: Sequence[object]
    codes: Array
    numbers: Array | None
    whole: bool
    words: bool


def encode_target(labels: Array, *, task: str | None, name: str) -> Target:
    """Turn labels without missing values into a `Target`; `name` is what messages call them.

    With `task` None, text and booleans are classes. Whole numbers are classes when there are two of them, or
    at most 20 with ten rows each on average. Every other number is a quantity.

    Raises:
        DataError: one distinct label, infinite values, text asked to be a quantity, or too many classes.
    """
    _refuse_none(labels, name)
    if labels.dtype.kind not in "iufb":
        return _encoded(_text_labels([str(label) for label in labels], words=True), task, name)
    distinct, codes = np.unique(labels, return_inverse=True)
    numbers = distinct.astype(np.float64)
    whole = labels.dtype.kind in "iub" or bool((distinct == np.round(distinct)).all())
    boolean = labels.dtype.kind == "b"
    return _encoded(_Labels(list(distinct), codes, numbers, whole, boolean), task, name)


def encode_written_target(labels: Array, *, task: str | None, name: str) -> Target:
    """As `encode_target`, of labels as they stand in a text file: an object array of str, none of them "".

    Where all are numbers they count as such; as classes they are named as they are written.

    Raises:
        DataError: as `encode_target`.
    """
    _refuse_none(labels, name)
    return _encoded(_text_labels(labels.tolist(), words=False), task, name)


def few_enough(count: int, rows: int) -> bool:
    """Whether so many different whole numbers are classes, where nobody says what they are."""
    return count <= 2 or (count <= MOST_INFERRED_CLASSES and count * ROWS_PER_INFERRED_CLASS <= rows)


def is_code(name: str) -> bool:
    """Whether a number is a code, such as 01, and not the number itself."""
    return _LEADING_ZERO.match(name) is not None


def _refuse_none(labels: Array, name: str) -> None:
    if len(labels) == 0:
        raise DataError(f"{name} has no rows with a value; there is nothing to learn from")


def _text_labels(texts: list[str], *, words: bool) -> _Labels:
    """Labels of text; with `words` they are classes even where all of them are numbers."""
    code_of: dict[str, int] = {}
    codes = np.array([code_of.setdefault(text, len(code_of)) for text in texts], dtype=np.int64)
    distinct = list(code_of)
    numbers = None
    whole = False
    if all(PLAIN.fullmatch(text) for text in distinct):
        numbers = np.array([float(text) for text in distinct])
        whole = bool((numbers == np.round(numbers)).all())
    return _Labels(distinct, codes, numbers, whole, words or numbers is None)


def _encoded(labels: _Labels, task: str | None, name: str) -> Target:
    if task == "regression" or not labels.words:
        _refuse_infinite(labels, name)
    count = len(labels.distinct)
    if count < 2:
        raise DataError(
            f"{name} has the same value in every row, {_label(labels.distinct[0])!r}; "
            "two or more are needed to learn anything, so choose another target"
        )
    rows = len(labels.codes)
    notes: list[str] = []
    if task is None:
        is_class = labels.words or (labels.whole and few_enough(count, rows))
        if not labels.words and labels.whole and 2 < count <= MOST_DOUBTFUL_CLASSES:
            kind, other = ("classification", "regression") if is_class else ("regression", "classification")
            notes.append(
                f"{name} holds {count} different whole numbers: taken as {kind}; "
                f"if that is wrong, say --task {other}"
            )
    else:
        is_class = task == "classification"
    if not is_class:
        return Target("regression", _quantities(labels, name), (), tuple(notes))
    # Of fewer rows, the split names the classes that lack some.
    if count > MOST_CLASSES or 2 * count > rows >= 2 * FEWEST_ROWS:
        hint = "choose another target" if labels.numbers is None else "choose a regression task"
        raise DataError(
            f"{name} has {count:,} distinct values in {rows:,} rows; classes must be at most "
            f"{MOST_CLASSES:,} and have two rows each on average, so {hint}"
        )
    names, class_of = _classes(labels)
    if alike := _differ_by_case(names):
        notes.append(f"{name} has classes that differ in upper and lower case alone, kept apart: {alike}")
    task_of_classes: Task = "binary" if len(names) == 2 else "multiclass"
    return Target(task_of_classes, class_of[labels.codes], names, tuple(notes))


def _refuse_infinite(labels: _Labels, name: str) -> None:
    if labels.numbers is None or np.isfinite(labels.numbers).all():
        return
    row = int(np.flatnonzero(~np.isfinite(labels.numbers[labels.codes]))[0])
    raise DataError(
        f"{name} holds {labels.distinct[labels.codes[row]]} (row {row + 1} of those with a value); "
        "a target must be finite, so correct or remove such rows"
    )


def _quantities(labels: _Labels, name: str) -> Array:
    if labels.numbers is None:
        stray = next(label for label in labels.distinct if not PLAIN.fullmatch(str(label)))
        raise DataError(
            f"{name} should hold numbers for a regression, but holds text, for instance {stray!r}; "
            "choose a classification task or another target"
        )
    return np.asarray(labels.numbers[labels.codes], dtype=np.float64)


def _classes(labels: _Labels) -> tuple[tuple[str, ...], Array]:
    """Names of the classes in their order, and the class of each distinct label; int32 (labels,).

    Two spellings of one number, 1 and 1.0, are one class, unless zeros lead: 01 and 1 are codes, and two of them.
    Classes are in the order of their numbers where all have one, else of their names.
    """
    names = [str(label) if labels.words else _label(label) for label in labels.distinct]
    numbers = all(PLAIN.fullmatch(name) for name in names)
    # Exact: neighbours beyond 2**53 are one and the same float.
    exact = {name: Decimal(name) for name in names} if numbers else {}
    coded = labels.words or any(map(is_code, names))
    spellings: dict[object, list[str]] = {}
    for name in names:
        spellings.setdefault(name if coded else exact[name], []).append(name)
    groups = sorted(spellings.values(), key=lambda group: (exact.get(group[0], 0), group[0]))
    class_of = {name: index for index, group in enumerate(groups) for name in group}
    shown = tuple(min(group, key=lambda name: (len(name), name)) for group in groups)
    return shown, np.array([class_of[name] for name in names], dtype=np.int32)


def _differ_by_case(names: tuple[str, ...]) -> str:
    """The first such names, for a message."""
    spellings: dict[str, list[str]] = {}
    for name in names:
        spellings.setdefault(name.casefold(), []).append(name)
    alike = [f"'{name}'" for group in spellings.values() if len(group) > 1 for name in group]
    return ", ".join(alike[:6])


def _label(value: object) -> str:
    """1.0 as "1": a column of whole numbers turns into floats as soon as one value is missing."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    text = str(value)
    return text.partition(".")[0].removeprefix("+") if _WHOLE.fullmatch(text) else text
