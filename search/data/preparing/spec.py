"""What prepared data is: shapes, classes, statistics; saved as data.json and kept with the study."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from search.data.columns.dates import periods
from search.data.preparing.components import component_count
from search.data.preparing.log_target import LogTarget
from search.data.rows.raw import Array
from spaces.wording import quantity

SPEC_VERSION: Literal[5] = 5
# Tables were given features that no training row has, and vectors a deviation of 1 where they were constant.
# A study that was started so goes on so.
UNTAUGHT_VERSION: Literal[2] = 2
# Numbers that only name rows, such as a customer's, were features.
IDENTIFIER_VERSION: Literal[3] = 3
# Of many categories the 50 most frequent had a feature each, and the others shared one.
CUT_VERSION: Literal[4] = 4


# What came later than the first spec of its version.
_LATER = ("split", "target_log", "weight")
_COMPARED = (
    "kind", "task", "target", "input_shape", "resized", "given_validation", "given_test", "seed", "val_fraction",
    "test_fraction", "scale", "offset",
)  # fmt: skip


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _TableColumn(_Part):
    """A column of a table, and which of the features of its kind are left out.

    `untaught` has the positions of features with one value in all training rows. No training changes what they are
    multiplied by, so a network would add random weights where another row has another value.
    """

    name: str
    input_name: str
    untaught: tuple[int, ...] = ()


class NumberColumn(_TableColumn):
    """A number or boolean, `median` where missing, minus `mean`, over `std`; then a flag where missing.

    `written` says how its numbers stand in a text file, where not as Python writes them: `€ 1.234,5`.
    """

    kind: Literal["number"] = "number"
    boolean: bool = False
    median: float
    mean: float
    std: float
    missing_flag: bool
    written: str = ""

    @property
    def features(self) -> int:
        return 1 + self.missing_flag - len(self.untaught)

    @model_serializer(mode="wrap")
    def _plain_as_before(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Where numbers are plain nothing is said of it, as in studies that were made before it could be."""
        fields: dict[str, Any] = serialise(self)
        if not self.written:
            fields.pop("written", None)
        return fields


class CategoryColumn(_TableColumn):
    """One-hot: any other value, missing value, then each of `values`, most frequent first.

    A value whose feature is left out has zeros everywhere. Where it is `coded` there are too many values: its one
    feature, behind all others of a row, is the value's position among these, counted on from column to column. Each
    code has a vector that the network learns, zeros where no training row has it.
    """

    kind: Literal["category"] = "category"
    values: tuple[str, ...]
    coded: bool = False

    @property
    def codes(self) -> int:
        """How many positions there are: of any other value, of a missing one, of each of `values`."""
        return 2 + len(self.values)

    @property
    def features(self) -> int:
        return 1 if self.coded else self.codes - len(self.untaught)

    @model_serializer(mode="wrap")
    def _plain_as_before(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As in studies that were made before columns could be coded, where it is not."""
        fields: dict[str, Any] = serialise(self)
        if not self.coded:
            fields.pop("coded", None)
        return fields


class TextColumn(_TableColumn):
    """For each of `words`, log2(1 + how often) a text has it; zeros where it is missing.

    `without` is the share of training rows whose text has none of them.
    """

    kind: Literal["text"] = "text"
    words: tuple[str, ...]
    without: float

    @property
    def features(self) -> int:
        return len(self.words)


class DateColumn(_TableColumn):
    """Days since 1970-01-01; sine and cosine of the year, week and day, as far as it tells them; missing flag."""

    kind: Literal["date"] = "date"
    template: str
    median: float
    mean: float
    std: float
    missing_flag: bool

    @property
    def features(self) -> int:
        return 1 + 2 * len(periods(self.template)) + self.missing_flag - len(self.untaught)


Column = Annotated[NumberColumn | CategoryColumn | TextColumn | DateColumn, Field(discriminator="kind")]


class Rows(_Part):
    """How many rows each part of the split has."""

    train: int
    validation: int
    test: int


class DataSpec(_Part):
    """Prepared data without its rows. Survives a JSON round trip exactly.

    `input_shape` is (height, width, channels) or (features,). uint8 images enter a network as
    `x * scale + offset`, with mean 0 and standard deviation 1 over all pixels (LeCun et al. 1998, sec. 4.3); version 1
    had them in 0..1.
    `feature_mean` and `feature_std` belong to vectors (a feature whose deviation is 0 is 0 everywhere), `columns` to
    tables, `target_mean` and `target_std` to regression, where `target_log` says that the target is learnt as its
    logarithm; all are of the training rows. `class_counts` are of training, validation and test together.
    `resized` is the (height, width) that images of other sizes were brought to. `split` says how rows were split where
    the user says how; "" where they were split by chance. `weight` is what says how much rows count; ""
    where all count alike.
    """

    version: Literal[1, 2, 3, 4, 5] = SPEC_VERSION
    source: str
    fingerprint: str
    kind: Literal["image", "vector", "table"]
    task: Literal["binary", "multiclass", "regression"]
    input_shape: tuple[int, ...]
    scale: float = 1.0
    offset: float = 0.0
    resized: tuple[int, int] | None = None
    class_names: tuple[str, ...] = ()
    class_counts: tuple[int, ...] = ()
    target: str | None = None
    target_mean: float = 0.0
    target_std: float = 1.0
    rows: Rows
    given_validation: bool = False
    given_test: bool = False
    seed: int
    val_fraction: float
    test_fraction: float
    feature_mean: tuple[float, ...] = ()
    feature_std: tuple[float, ...] = ()
    columns: tuple[Column, ...] = ()
    notes: tuple[str, ...] = ()
    split: str = ""
    target_log: LogTarget | None = None
    weight: str = ""

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What came later is written only where there is some: other data is described as it always was."""
        written: dict[str, Any] = write(self)
        return {name: value for name, value in written.items() if name not in _LATER or value}

    def learnt_targets(self, targets: Array) -> Array:
        """What a network learns in place of targets in their units, float64 (rows,)."""
        if self.target_log is not None:
            return self.target_log.learnt(targets)
        return np.asarray((targets - self.target_mean) / self.target_std)

    def standardised_targets(self, learnt: Array) -> Array:
        """Targets less their mean, over their deviation, (rows,), of what a network learns."""
        if self.target_log is None:
            return learnt
        return np.asarray((self.target_log.targets(learnt) - self.target_mean) / self.target_std)

    def standardised_answers(self, outputs: Array) -> Array:
        """As `standardised_targets`, of what a network answers."""
        if self.target_log is None:
            return outputs
        return np.asarray((self.target_log.answers(outputs) - self.target_mean) / self.target_std)

    def with_plain_target(self) -> DataSpec:
        """As it is where the standardised target itself is learnt, and answered."""
        return self.model_copy(update={"target_log": None})

    @property
    def coded(self) -> tuple[CategoryColumn, ...]:
        """Columns whose features, the last of a row, are codes."""
        return tuple(one for one in self.columns if isinstance(one, CategoryColumn) and one.coded)

    @property
    def components(self) -> int:
        """The most principal components that a network can be given; 0 where there are no images."""
        return component_count(math.prod(self.input_shape), self.rows.train) if self.kind == "image" else 0

    def diff(self, other: DataSpec) -> list[str]:
        """Sentences on what differs from here to `other`; empty where both are the same data, read the same way.

        Statistics may differ by a millionth of their deviation: another processor adds in another order.
        """
        changes: list[str] = []
        if self.split != other.split:
            changes.append(f"split: {self.split or 'by chance'} -> {other.split or 'by chance'}")
        if self.weight != other.weight:
            changes.append(f"weight of the rows: {self.weight or 'none'} -> {other.weight or 'none'}")
        for name in _COMPARED:
            before, after = getattr(self, name), getattr(other, name)
            same = _close(before, after, abs(before)) if name in ("scale", "offset") else before == after
            if not same:
                told = name if name in ("val_fraction", "test_fraction") else name.replace("_", " ")
                changes.append(f"{told}: {before} -> {after}")
        for part in ("train", "validation", "test"):
            before, after = getattr(self.rows, part), getattr(other.rows, part)
            if before != after:
                changes.append(f"rows: {part} {before:,} -> {after:,}")
        changes += self._class_changes(other)
        changes += self._column_changes(other)
        unit = self.target_std
        if not (
            _close(self.target_mean, other.target_mean, unit)
            and _close(self.target_std, other.target_std, unit)
        ):
            changes.append(
                f"target: mean {quantity(self.target_mean)} -> {quantity(other.target_mean)}, "
                f"standard deviation {quantity(self.target_std)} -> {quantity(other.target_std)}"
            )
        if (self.target_log is None) != (other.target_log is None):
            before, after = ("its logarithm" if one.target_log else "it is" for one in (self, other))
            changes.append(f"target: learnt as {before} -> as {after}")
        if self.fingerprint != other.fingerprint:
            # A fingerprint is of all files together.
            given = self.kind == "table" and (other.given_validation or other.given_test)
            others = ", or of a file of its validation or test rows," if given else ""
            changes.append(
                f"the content of {other.source}{others} is not that of {self.source} when this was prepared"
            )
        return changes

    def _class_changes(self, other: DataSpec) -> list[str]:
        changes = _members("class", self.class_names, other.class_names)
        if not changes and self.class_names != other.class_names:
            return ["the classes stand in another order"]
        if not changes and self.class_counts != other.class_counts:
            rows = zip(self.class_names, self.class_counts, other.class_counts, strict=False)
            return [
                f"class '{name}' has {new:,} rows, {old:,} before" for name, old, new in rows if old != new
            ]
        return changes

    def _column_changes(self, other: DataSpec) -> list[str]:
        before = {column.name: column for column in self.columns}
        after = {column.name: column for column in other.columns}
        changes = _members("column", tuple(before), tuple(after))
        for name in [name for name in before if name in after]:
            old, new = before[name], after[name]
            if old.kind != new.kind:
                changes.append(f"column '{name}' was a {old.kind} and is a {new.kind}")
            elif isinstance(old, CategoryColumn) and isinstance(new, CategoryColumn):
                if old.values != new.values:
                    changes.append(
                        f"column '{name}' has {len(new.values)} categories, {len(old.values)} before, "
                        f"{len(set(old.values) & set(new.values))} of them the same"
                    )
                elif old != new:
                    changes.append(f"column '{name}' has other features for unknown and missing values")
            elif not _same_column(old, new):
                what = "words" if isinstance(old, TextColumn) else "statistics"
                changes.append(f"column '{name}' has other {what}")
        if tuple(before) != tuple(after) and before.keys() == after.keys():
            changes.append("the columns stand in another order")
        statistics = zip(
            self.feature_mean, other.feature_mean, self.feature_std, other.feature_std, strict=False
        )
        if not all(
            _close(mean, new_mean, std) and _close(std, new_std, std)
            for mean, new_mean, std, new_std in statistics
        ):
            changes.append("the features have other means or standard deviations")
        return changes


def _same_column(old: Column, new: Column) -> bool:
    """Whether two columns of a kind are one; their statistics as far as they can be compared."""
    if isinstance(old, CategoryColumn | TextColumn) or isinstance(new, CategoryColumn | TextColumn):
        return old == new
    fitted = ("median", "mean", "std")
    apart = {*fitted, "written"}  # which studies that were made before have not
    same = old.model_dump(exclude=apart) == new.model_dump(exclude=apart)
    return same and all(_close(getattr(old, name), getattr(new, name), old.std) for name in fitted)


def _close(before: float, after: float, unit: float) -> bool:
    return abs(before - after) <= 1e-6 * unit or math.isclose(before, after, rel_tol=1e-9)


def _members(noun: str, before: tuple[str, ...], after: tuple[str, ...]) -> list[str]:
    known_before, known_after = set(before), set(after)
    gone = [name for name in before if name not in known_after]
    new = [name for name in after if name not in known_before]
    return [f"{noun} '{name}' is gone" for name in gone] + [f"{noun} '{name}' is new" for name in new]
