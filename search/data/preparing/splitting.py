"""How the rows of a source are split: by chance, or as the user says; and what was done, in a sentence."""

from __future__ import annotations

import numpy as np

from search.data.columns.dates import SECONDS_PER_DAY
from search.data.columns.weights import effective_rows
from search.data.preparing.group_split import sides_by_group
from search.data.preparing.label_split import sides_of_labels
from search.data.preparing.splits import Rows, Split, refuse_few_rows, split_rows
from search.data.preparing.time_split import sides_by_time
from search.data.rows.raw import RawData, Times
from search.errors import DataError
from spaces.wording import quantity

OWN_TEST_ROWS = "test rows are from a file of their own"
"""All that is told where the user names that file alone: the other rows are then split by chance."""

SIDES = ("training", "validation", "test")


def split_of(raw: RawData) -> Split:
    """The rows of each side; disjoint, and together all rows.

    Raises:
        DataError: too few rows, groups or times; or classes, groups or times are on other sides than they have to be.
    """
    request = raw.request
    if raw.groups is None and raw.times is None and raw.task != "multilabel":
        split = split_rows(
            raw.y,
            class_names=raw.class_names,
            val_fraction=request.val_fraction,
            test_fraction=request.test_fraction,
            seed=request.seed,
            given_validation=raw.given_validation,
            given_test=raw.given_test,
        )
    else:
        refuse_few_rows(raw.split_rows, given_validation=raw.given_validation > 0)
        split = _told_split(raw)
    if request.says_how_to_split or raw.targets:
        refuse_lacking_classes(raw, split)
    refuse_weightless_sides(raw, split)
    return split


def weights_in_words(raw: RawData) -> str:
    """How much rows count, and as how many that count alike (Kish 1965); "" where all do."""
    if raw.weights is None:
        return ""
    low, high, alike = raw.weights.min(), raw.weights.max(), effective_rows(raw.weights)
    return (
        f"rows count as '{raw.request.weight}' says, {quantity(low)} to {quantity(high)}: they tell as much as "
        f"{alike:,.0f} rows that count alike"
    )


def split_in_words(raw: RawData, split: Split) -> str:
    """What was done, where the user said what to do; "" where rows were split by chance."""
    request, told = raw.request, []
    parts = (split.train, split.validation, split.test)
    if raw.groups is not None:
        counts = [len(np.unique(raw.groups[part])) for part in parts]
        told.append(
            f"{len(raw.y):,} rows in {sum(counts):,} groups by '{request.group}', and no group is on two sides: "
            f"{counts[0]:,} groups to train on, {counts[1]:,} to compare on, {counts[2]:,} sealed"
        )
    if raw.times is not None:
        spans = [_span(raw.times, part) for part in parts]
        told.append(
            f"rows are split by time, '{raw.times.name}', the past first: training {spans[0]}, "
            f"validation {spans[1]}, test {spans[2]}"
        )
    if request.split_column is not None:
        told.append(f"rows are split as column '{request.split_column}' says")
    files = [name for name in ("validation", "test") if getattr(request, name) is not None]
    if files == ["test"]:
        told.append(OWN_TEST_ROWS)
    elif files:
        told.append(f"{' and '.join(files)} rows are from {'files' if files[1:] else 'a file'} of their own")
    return "; ".join(told)


def _told_split(raw: RawData) -> Split:
    """By groups, times or several labels, beside given splits."""
    request, rows = raw.request, raw.split_rows
    of_validation = 0.0 if raw.given_validation else request.val_fraction
    of_test = 0.0 if raw.given_test else request.test_fraction
    shares = (1 - of_validation - of_test, of_validation, of_test)
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(request.seed)))
    if raw.groups is not None:
        present, groups = np.unique(raw.groups[:rows], return_inverse=True)
        _refuse_few("group", str(request.group), "groups", len(present), shares)
        strata = raw.y[:rows] if raw.class_names or raw.task == "multilabel" else None
        sides = sides_by_group(groups, strata, shares, random)[groups]
    elif raw.times is None:
        sides = sides_of_labels(raw.y[:rows], shares, random)
    else:
        times = raw.times.values[:rows]
        _refuse_few("time", raw.times.name, "times", len(np.unique(times)), shares)
        sides = sides_by_time(times, shares)
    train, validation, test = (random.permutation(np.flatnonzero(sides == side)) for side in range(3))
    if raw.given_validation:
        validation = np.arange(rows, rows + raw.given_validation)
    if raw.given_test:
        test = np.arange(len(raw.y) - raw.given_test, len(raw.y))
    split = Split(*(part.astype(np.int64) for part in (train, validation, test)))
    _refuse_shared(raw, split)
    return split


def _refuse_few(option: str, name: str, what: str, count: int, shares: tuple[float, ...]) -> None:
    needed = sum(share > 0 for share in shares)
    if count < needed:
        raise DataError(
            f"--{option}: column '{name}' has {count} different {'value' if count == 1 else 'values'}, and each of "
            f"the {needed} sides needs {what} of its own; name another column, or leave --{option} out"
        )


def _refuse_shared(raw: RawData, split: Split) -> None:
    """Rows of files of their own may have groups of the others, or times before theirs."""
    parts = (split.train, split.validation, split.test)
    if raw.groups is not None:
        held = [np.unique(raw.groups[part]) for part in parts]
        for one, other in ((0, 1), (0, 2), (1, 2)):
            if shared := len(np.intersect1d(held[one], held[other])):
                raise DataError(
                    f"--group: {shared:,} groups of '{raw.request.group}' are among the {SIDES[one]} and the "
                    f"{SIDES[other]} rows of the files; take them out of one, or leave --group out"
                )
    if raw.times is not None:
        for one, other in ((0, 1), (1, 2)):
            end, begin = raw.times.values[parts[one]].max(), raw.times.values[parts[other]].min()
            if end >= begin:
                raise DataError(
                    f"--time: {SIDES[other]} rows begin at {_moment(raw.times, begin)}, and {SIDES[one]} rows go on to "
                    f"{_moment(raw.times, end)}; files of their own have to be in the order of time, so change them, "
                    "or leave --time out"
                )


def refuse_lacking_classes(raw: RawData, split: Split, counting: str = "") -> None:
    """What training never sees cannot be learnt, and of one class alone nothing can be told.

    `counting` says in messages that `split` has not all rows.

    Raises:
        DataError: a class has no training row, or validation or test rows are of one class.
    """
    if raw.task == "multilabel":
        _refuse_lacking_labels(raw, split, counting)
    if not raw.class_names:
        return
    lacking = np.setdiff1d(np.arange(len(raw.class_names)), raw.y[split.train])
    if len(lacking):
        names = ", ".join(f"'{raw.class_names[index]}'" for index in lacking[:5])
        more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
        raise DataError(
            f"no training row is of class {names}{more}{counting} when rows are split so; leave its rows out, or "
            "split otherwise"
        )
    for part, name in ((split.validation, "validation"), (split.test, "test")):
        present = np.unique(raw.y[part])
        if len(present) == 1:
            raise DataError(
                f"all {len(part):,} {name} rows are of class '{raw.class_names[present[0]]}'{counting} when rows are "
                "split so, which compares nothing; split otherwise"
            )


def _refuse_lacking_labels(raw: RawData, split: Split, counting: str) -> None:
    """A label that is the same in all rows of a side is not learnt there, or not compared."""
    for one, y in zip(raw.targets, raw.y.T, strict=True):
        for part, name in zip((split.train, split.validation, split.test), SIDES, strict=True):
            present = np.unique(y[part])
            if len(present) == 1:
                rows = np.bincount(y, minlength=2)
                raise DataError(
                    f"label '{one.name}' is '{one.class_names[present[0]]}' in all {len(part):,} {name} rows{counting} "
                    f"when rows are split so; of all rows {rows.min():,} are '{one.class_names[rows.argmin()]}': "
                    "collect more of them, leave the label out, or split otherwise (--split-seed)"
                )


def refuse_weightless_sides(raw: RawData, split: Split) -> None:
    """Rows that count nothing train nothing and compare nothing.

    Raises:
        DataError: all of a side do, or all of a class that has to be there.
    """
    if raw.weights is None:
        return
    parts = [part[raw.weights[part] > 0] for part in (split.train, split.validation, split.test)]
    for counting, part, name in zip(parts, (split.train, split.validation, split.test), SIDES, strict=True):
        if not len(counting):
            raise DataError(
                f"--weight: all {len(part):,} {name} rows have 0 in '{raw.request.weight}', so none of them "
                "counts; split otherwise, or correct it"
            )
    refuse_lacking_classes(raw, Split(*parts), ", of those that count,")


def _span(times: Times, rows: Rows) -> str:
    low, high = (_moment(times, of(times.values[rows])) for of in (np.min, np.max))
    return low if low == high else f"{low} to {high}"


def _moment(times: Times, value: float) -> str:
    """`2016-05-04 21:30`, or the number."""
    if not times.date:
        return f"{value:.12g}"
    moment = np.datetime64(round(float(value) * SECONDS_PER_DAY), "s").astype(
        f"datetime64[{'m' if times.clock else 'D'}]"
    )
    return str(moment).replace("T", " ")
