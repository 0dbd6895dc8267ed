"""What differs between two specs of prepared data, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator

from search.data.preparing.column_spec import CategoryColumn, Column, TextColumn
from search.data.preparing.spec import DataSpec
from spaces.wording import quantity

_SPLIT_BY = ("split", "seed", "val_fraction", "test_fraction")
_COMPARED = (
    "kind", "task", "target", "input_shape", "resized", "given_validation", "given_test", "seed", "val_fraction",
    "test_fraction", "scale", "offset",
)  # fmt: skip


def spec_changes(before: DataSpec, after: DataSpec) -> list[str]:
    """What of `before` is another thing in `after`; empty where both are the same data, read the same way.

    Statistics may differ by a millionth of their deviation: another processor adds in another order. Where rows are
    split in another way those of their training rows differ for that reason, and are not told.
    """
    fitted = all(getattr(before, name) == getattr(after, name) for name in _SPLIT_BY)
    return [
        *_of_splits(before, after),
        *_of_classes(before, after),
        *_of_columns(before, after, fitted=fitted),
        *(_of_features(before, after) if fitted else ()),
        *_of_target(before, after, fitted=fitted),
        *_of_targets(before, after, fitted=fitted),
        *_of_content(before, after),
    ]


def _of_splits(before: DataSpec, after: DataSpec) -> Iterator[str]:
    """How rows are split and weighed, and each fact that is the same or not."""
    if before.split != after.split:
        yield f"split: {before.split or 'by chance'} -> {after.split or 'by chance'}"
    if before.weight != after.weight:
        yield f"weight of the rows: {before.weight or 'none'} -> {after.weight or 'none'}"
    for name in _COMPARED:
        old, new = getattr(before, name), getattr(after, name)
        same = _close(old, new, abs(old)) if name in ("scale", "offset") else old == new
        if not same:
            told = {"seed": "seed of the split"}.get(
                name, name if name in _SPLIT_BY else name.replace("_", " ")
            )
            yield f"{told}: {old} -> {new}"
    for part in ("train", "validation", "test"):
        old, new = getattr(before.rows, part), getattr(after.rows, part)
        if old != new:
            yield f"rows: {part} {old:,} -> {new:,}"


def _of_classes(before: DataSpec, after: DataSpec) -> list[str]:
    changes = _members("class", before.class_names, after.class_names)
    if not changes and before.class_names != after.class_names:
        return ["the classes stand in another order"]
    if not changes and before.class_counts != after.class_counts:
        rows = zip(before.class_names, before.class_counts, after.class_counts, strict=False)
        return [f"class '{name}' has {new:,} rows, {old:,} before" for name, old, new in rows if old != new]
    return changes


def _of_columns(before: DataSpec, after: DataSpec, *, fitted: bool) -> list[str]:
    columns = {column.name: column for column in before.columns}
    theirs = {column.name: column for column in after.columns}
    changes = _members("column", tuple(columns), tuple(theirs))
    for name in [name for name in columns if name in theirs]:
        changes += _of_column(columns[name], theirs[name], fitted=fitted)
    if tuple(columns) != tuple(theirs) and columns.keys() == theirs.keys():
        changes.append("the columns stand in another order")
    return changes


def _of_column(old: Column, new: Column, *, fitted: bool) -> Iterator[str]:
    """Of two columns of one name; what is `fitted` on their rows too."""
    column = f"column '{old.name}'"
    if old.kind != new.kind:
        yield f"{column} was a {old.kind} and is a {new.kind}"
    elif isinstance(old, CategoryColumn) and isinstance(new, CategoryColumn):
        if old.values != new.values:
            yield (
                f"{column} has {len(new.values)} categories, {len(old.values)} before, "
                f"{len(set(old.values) & set(new.values))} of them the same"
            )
        elif old.model_copy(update={"without": new.without, "counts": new.counts}) != new:
            # Studies that were made before have not counted these.
            yield f"{column} has other features for unknown and missing values"
    elif fitted and not _same_column(old, new):
        yield f"{column} has other {'words' if isinstance(old, TextColumn) else 'statistics'}"


def _of_features(before: DataSpec, after: DataSpec) -> Iterator[str]:
    statistics = zip(
        before.feature_mean, after.feature_mean, before.feature_std, after.feature_std, strict=False
    )
    if not all(
        _close(mean, new_mean, std) and _close(std, new_std, std)
        for mean, new_mean, std, new_std in statistics
    ):
        yield "the features have other means or standard deviations"


def _of_target(before: DataSpec, after: DataSpec, *, fitted: bool) -> Iterator[str]:
    unit = before.target_std
    mean_close = _close(before.target_mean, after.target_mean, unit)
    if fitted and not (mean_close and _close(before.target_std, after.target_std, unit)):
        yield (
            f"target: mean {quantity(before.target_mean)} -> {quantity(after.target_mean)}, "
            f"standard deviation {quantity(before.target_std)} -> {quantity(after.target_std)}"
        )
    if (before.target_log is None) != (after.target_log is None):
        old, new = ("its logarithm" if one.target_log else "it is" for one in (before, after))
        yield f"target: learnt as {old} -> as {new}"


def _of_targets(before: DataSpec, after: DataSpec, *, fitted: bool) -> Iterator[str]:
    """Of several targets, those of one name."""
    there = {one.name: place for place, one in enumerate(after.targets)}
    for place, one in enumerate(before.targets):
        if one.name in there and before.task == after.task:
            old, new = before.of_target(place), after.of_target(there[one.name])
            changes = (*_of_classes(old, new), *_of_target(old, new, fitted=fitted))
            yield from (f"'{one.name}': {change}" for change in changes)


def _of_content(before: DataSpec, after: DataSpec) -> Iterator[str]:
    if before.fingerprint != after.fingerprint:
        # A fingerprint is of all files together.
        given = before.kind == "table" and (after.given_validation or after.given_test)
        others = ", or of a file of its validation or test rows," if given else ""
        yield f"the content of {after.source}{others} is not that of {before.source} when this was prepared"


def _same_column(old: Column, new: Column) -> bool:
    """Whether two columns of a kind are one; their statistics as far as they can be compared."""
    if isinstance(old, CategoryColumn | TextColumn) or isinstance(new, CategoryColumn | TextColumn):
        return old == new
    fitted = ("median", "mean", "std")
    apart = {*fitted, "written", "zone"}  # which studies that were made before have not
    same = old.model_dump(exclude=apart) == new.model_dump(exclude=apart)
    return same and all(_close(getattr(old, name), getattr(new, name), old.std) for name in fitted)


def _close(before: float, after: float, unit: float) -> bool:
    return abs(before - after) <= 1e-6 * unit or math.isclose(before, after, rel_tol=1e-9)


def _members(noun: str, before: tuple[str, ...], after: tuple[str, ...]) -> list[str]:
    known_before, known_after = set(before), set(after)
    gone = [name for name in before if name not in known_after]
    new = [name for name in after if name not in known_before]
    return [f"{noun} '{name}' is gone" for name in gone] + [f"{noun} '{name}' is new" for name in new]
