"""What a source holds, for people: `perceptuna data show`."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from search.data.preparing.fitted_columns import has_many, tell_of_many
from search.data.preparing.fitting import log_target_of
from search.data.preparing.identifiers import identifier_note, shared_identifier_note, without_advice
from search.data.preparing.rare_classes import without_rare_classes
from search.data.preparing.repeats import row_hashes, with_target
from search.data.preparing.splitting import split_in_words, split_of, weights_in_words
from search.data.rows.notes import ColumnNotes
from search.data.rows.raw import Array, OneTarget, RawData, Table, TableColumn
from spaces.wording import quantity

# Whole numbers of which all lie here are most likely years.
_YEARS = (1500, 2199)


@dataclass(frozen=True)
class ColumnSummary:
    """`values` tells a number's or date's range, or a category's most frequent values, or how many words texts have."""

    name: str
    kind: str
    missing: int
    distinct: int
    values: str


@dataclass(frozen=True)
class TargetSummary:
    """One of several targets: the rows of each class of a label, or the range of a quantity."""

    name: str
    classes: dict[str, int]
    range: tuple[float, float] | None


@dataclass(frozen=True)
class DataSummary:
    """`rows` has those of given splits too.

    `input_shape` is of a row as read; `classes` maps names to rows; `target_range` is of a regression;
    `split` says how rows are split where the user says how. `targets` are several, of which `classes` and
    `target_range` say nothing.
    """

    source: str
    kind: str
    task: str
    rows: int
    given_validation: int
    given_test: int
    input_shape: tuple[int, ...]
    target: str | None
    classes: dict[str, int]
    target_range: tuple[float, float] | None
    missing: int
    repeated: int
    repeated_with_target: int
    columns: tuple[ColumnSummary, ...]
    notes: tuple[str, ...]
    split: str = ""
    targets: tuple[TargetSummary, ...] = ()

    @property
    def imbalance(self) -> float | None:
        """Rows of the most frequent class over those of the rarest; None for a regression."""
        return max(self.classes.values()) / max(1, min(self.classes.values())) if self.classes else None

    def to_json(self) -> dict[str, Any]:
        told = dataclasses.asdict(self) | {"imbalance": self.imbalance}
        return {name: value for name, value in told.items() if value or name not in ("split", "targets")}


def describe(raw: RawData) -> DataSummary:
    """Summarise what was read, and what will be left out of it, without TensorFlow."""
    raw = without_rare_classes(raw)
    columns: tuple[ColumnSummary, ...] = ()
    if isinstance(raw.x, Table):
        columns = tuple(_column(name, column) for name, column in raw.x.columns.items())
        shape: tuple[int, ...] = (len(columns),)
    else:
        shape = tuple(int(side) for side in raw.x.shape[1:])
    classes: dict[str, int] = {}
    target_range = None
    if raw.task == "regression":
        target_range = (float(raw.y.min()), float(raw.y.max()))
    elif raw.class_names:
        counts = np.bincount(raw.y, minlength=len(raw.class_names))
        classes = {name: int(count) for name, count in zip(raw.class_names, counts, strict=True)}
    features = row_hashes(raw.x)
    return DataSummary(
        source=raw.request.source,
        kind=raw.kind,
        task=raw.task,
        rows=len(raw.y),
        given_validation=raw.given_validation,
        given_test=raw.given_test,
        input_shape=shape,
        target=raw.target,
        classes=classes,
        target_range=target_range,
        missing=sum(column.missing for column in columns),
        repeated=_repeated(features),
        repeated_with_target=_repeated(with_target(features, raw.y)),
        columns=columns,
        notes=(*_notes(raw), *filter(None, [weights_in_words(raw)])),
        split=split_in_words(raw, split_of(raw)) if raw.request.says_how_to_split else "",
        targets=tuple(_target(one, y) for one, y in zip(raw.targets, raw.y.T, strict=False)),
    )


def _target(one: OneTarget, y: Array) -> TargetSummary:
    if not one.class_names:
        return TargetSummary(one.name, {}, (float(y.min()), float(y.max())))
    counts = np.bincount(y, minlength=len(one.class_names)).tolist()
    return TargetSummary(one.name, dict(zip(one.class_names, counts, strict=True)), None)


def _notes(raw: RawData) -> tuple[str, ...]:
    """Those of reading, and which columns name rows; of all rows, where `run` looks at those of training.

    And what becomes of texts and of many categories.
    """
    transformed = raw.task == "regression" and raw.request.target_transform != "none"
    of_target = log_target_of(raw, split_of(raw))[1] if transformed else []
    if not isinstance(raw.x, Table):
        return (*raw.notes, *of_target)
    found = {name: identifier_note(name, column, of="rows") for name, column in raw.x.columns.items()}
    told = ColumnNotes()
    for note in filter(None, found.values()):
        told.add("identifier", note)
    for name, column in raw.x.columns.items():
        if found[name] is None and (shared := shared_identifier_note(name, column)) is not None:
            told.add("shared identifier", shared)
    kept = {name for name, note in found.items() if note is None}
    of_words = {name: one for name, one in raw.x.columns.items() if name in kept and has_many(one)}
    if of_words:
        tell_of_many(Table(of_words).take(split_of(raw).train), told)
    return (*without_advice(raw.notes, raw.x, kept), *told.texts(), *of_target)


def _repeated(hashes: Array) -> int:
    return len(hashes) - len(np.unique(hashes))


def _column(name: str, column: TableColumn) -> ColumnSummary:
    missing = column.missing()
    present = column.values[~missing]
    if column.kind in ("number", "boolean"):
        distinct = len(np.unique(present))
    else:
        counts = Counter(present)
        distinct = len(counts)
    if len(present) == 0:
        values = ""
    elif column.kind == "number":
        values = _range(present)
    elif column.kind == "boolean":
        values = f"{present.mean():.0%} true"
    elif column.kind == "text":
        values = f"{_range(np.array([len(text.split()) for text in present], dtype=float))} words"
    elif column.kind == "date":
        values = f"{column.template}, for instance {present[0]}"
    else:
        values = ", ".join(f"{value} ({count:,})" for value, count in counts.most_common(3))
    return ColumnSummary(name, column.kind, int(missing.sum()), distinct, values)


def _range(present: Array) -> str:
    """`21 to 313, median 69`; years have no separators: `1872 to 2010, median 1973`."""
    low, middle, high = (float(of(present)) for of in (np.min, np.median, np.max))
    years = low >= _YEARS[0] and high <= _YEARS[1] and bool((present == np.round(present)).all())
    shown = [f"{value:g}" if years else quantity(value) for value in (low, high, middle)]
    return "{} to {}, median {}".format(*shown)
