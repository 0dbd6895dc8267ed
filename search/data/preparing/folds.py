"""Folds: training and validation rows together, cut into parts, each of which is the validation rows of one fold.

Everything that was fitted on the training rows stays as it is: a fold differs from its study in the rows alone, so that
a network of one takes what a network of the other takes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.data.preparing.group_split import sides_by_group
from search.data.preparing.label_split import sides_of_labels, why_no_label_folds
from search.data.preparing.preparation import put_in_place, save_array, unfinished_folder
from search.data.preparing.prepared import (
    SEARCHED_PARTS,
    SPEC_FILE,
    PreparedData,
    is_whole,
    load_prepared,
    open_arrays,
    open_weights,
    searched_groups,
    weights_file,
)
from search.data.preparing.spec import DataSpec, Rows
from search.data.preparing.splitting import OWN_TEST_ROWS
from search.data.rows.raw import Array
from search.errors import DataError


def fold_of(data: PreparedData, number: int, folds: int, *, all_rows: bool = False) -> PreparedData:
    """The rows of fold `number`, from 0, of `folds`: in a folder inside that of `data`, written when first asked for.

    Those of `all_rows` hold test rows. Only `write_fold` writes them, for who may open these; here they are read.

    Raises:
        OSError: it cannot be written.
        DataError: it is one of all rows, and is not there.
    """
    folder = _folder(data, number, folds, all_rows=all_rows)
    try:
        return load_prepared(folder)
    except DataError as exc:
        if all_rows:
            raise DataError(
                f"the rows of fold {number + 1} of {folds}, test rows too, are no longer in {folder}; the same "
                "`perceptuna finalize … --all-rows` writes them again"
            ) from exc
    x, y = (
        np.concatenate(sides)
        for sides in zip(*(open_arrays(data, part) for part in SEARCHED_PARTS), strict=True)
    )
    return write_fold(data, number, folds, x, y, searched_weights(data), searched_groups(data))


def write_fold(
    data: PreparedData,
    number: int,
    folds: int,
    x: Array,
    y: Array,
    weights: Array | None,
    groups: Array | None,
    *,
    all_rows: bool = False,
) -> PreparedData:
    """Cut these rows of `data`, all that are to be trained on or judged, and write what is of fold `number`, from 0.

    No group is on two sides, where `groups` are numbers of groups, (rows,).

    Raises:
        OSError: it cannot be written.
    """
    folder = _folder(data, number, folds, all_rows=all_rows)
    judged = parts_of(y, data.spec, folds, groups) == number
    rows = Rows(train=int((~judged).sum()), validation=int(judged.sum()), test=data.spec.rows.test)
    with unfinished_folder(folder) as partial:
        for part, of_part in zip(SEARCHED_PARTS, (~judged, judged), strict=True):
            for letter, array in (("x", x), ("y", y)):
                save_array(partial / f"{part}_{letter}.npy", array[of_part])
            if weights is not None:
                save_array(weights_file(partial, part), weights[of_part])
        spec = data.spec.model_copy(update={"rows": rows})
        (partial / SPEC_FILE).write_text(spec.model_dump_json(indent=1), encoding="utf-8")
        put_in_place(partial, folder, SEARCHED_PARTS)
    return load_prepared(folder)


def all_rows_are_cut(data: PreparedData, folds: int) -> bool:
    """Whether all folds of all rows, test rows too, are on disk."""
    folders = (_folder(data, number, folds, all_rows=True) for number in range(folds))
    return all(is_whole(PreparedData(folder, data.spec)) for folder in folders)


def _folder(data: PreparedData, number: int, folds: int, *, all_rows: bool) -> Path:
    return data.folder / f"{'all-rows-' if all_rows else ''}fold-{number + 1}-of-{folds}"


def searched_weights(data: PreparedData) -> Array | None:
    """How much each training row, and then each validation row, counts; None where all count alike."""
    sides = [of for part in SEARCHED_PARTS if (of := open_weights(data, part)) is not None]
    return np.concatenate(sides) if sides else None


def parts_of(y: Array, spec: DataSpec, folds: int, groups: Array | None = None) -> NDArray[np.int64]:
    """Which fold judges each row, int64 (rows,): by the seed of the split, classes and labels spread evenly.

    No group is in two of them, where `groups` are numbers of groups, (rows,), at least as many as `folds`.
    """
    random = np.random.default_rng([spec.seed, folds])
    strata = None if spec.of_quantities else y
    if groups is not None:
        _, numbers = np.unique(groups, return_inverse=True)
        of_groups = sides_by_group(numbers, strata, [1 / folds] * folds, random)
        return np.asarray(of_groups[numbers], dtype=np.int64)
    if strata is not None and spec.targets:
        return sides_of_labels(y, [1 / folds] * folds, random)
    order = random.permutation(len(y))
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
    parts = np.empty(len(y), np.int64)
    parts[order] = np.arange(len(y)) % folds
    return parts


def why_no_folds(data: PreparedData, folds: int) -> str | None:
    """Why the rows of `data` cannot be cut into as many, or None."""
    spec, groups = data.spec, searched_groups(data)
    if spec.kind == "image":
        return "images have no folds here"
    if spec.given_validation or (spec.split not in ("", OWN_TEST_ROWS) and groups is None):
        return "the rows were split as you said, and stay where they are"
    y = np.concatenate([open_arrays(data, part)[1] for part in SEARCHED_PARTS])
    if groups is not None and (why := _why_no_groups(y, groups, spec, folds)):
        return why
    if spec.of_quantities:
        return None if len(y) >= 2 * folds else f"{len(y)} rows are fewer than two for each"
    if spec.targets:
        parts = parts_of(y, spec, folds, groups)
        return why_no_label_folds(y, parts, [one.name for one in spec.targets], folds)
    counts = np.bincount(y.astype(np.int64))
    least = int(counts.argmin())
    if counts[least] >= folds:
        return None
    return f"class '{spec.class_names[least]}' has {counts[least]} of these rows, fewer than one for each"


def _why_no_groups(y: Array, groups: Array, spec: DataSpec, folds: int) -> str | None:
    """Why whole groups make no such folds, or None: of classes each has to be on both sides of all."""
    present = len(np.unique(groups))
    if present < folds:
        return f"they are of {present} groups"
    if not spec.class_names:
        return None
    parts = parts_of(y, spec, folds, groups)
    for label, name in enumerate(spec.class_names):
        in_folds = len(np.unique(parts[y == label]))
        if in_folds < folds:
            return f"the groups of class '{name}' are in {in_folds} of them alone"
    return None
