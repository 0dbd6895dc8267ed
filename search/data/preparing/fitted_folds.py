"""Folds that a search compares trials by: each is prepared by its own training rows, as if there were no others.

Training and validation rows together are cut into parts. Each part is the validation rows of one fold, and the rows of
all other parts are its training rows. What is fitted on rows (means, categories, target) is fitted on the training rows
of the fold alone, so a fold may have other features than the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.data.preparing.fitting import fit_spec
from search.data.preparing.folds import parts_of
from search.data.preparing.label_split import why_no_label_folds
from search.data.preparing.preparation import write_fitted
from search.data.preparing.prepared import SEARCHED_PARTS, PreparedData, is_whole, load_prepared
from search.data.preparing.rare_classes import without_rare_classes
from search.data.preparing.spec import DataSpec
from search.data.preparing.splits import Split
from search.data.preparing.splitting import (
    refuse_lacking_classes,
    refuse_weightless_sides,
    split_of,
)
from search.data.reading.source import read_source
from search.data.rows.raw import RawData
from search.data.rows.request import DataRequest
from search.data.rows.scratch import scratch_in
from search.errors import DataError


def fitted_fold(data: PreparedData, number: int, folds: int) -> PreparedData:
    """Fold `number`, from 0, of `folds` of `data`.

    Raises:
        DataError: `prepare_folds` has not been called for it, or its files are gone.
    """
    return load_prepared(_folder(data, number, folds))


def folds_are_whole(data: PreparedData, folds: int) -> bool:
    """Whether all that trials read of them is on disk."""
    return all(is_whole(PreparedData(_folder(data, number, folds), data.spec)) for number in range(folds))


def prepare_folds(
    request: DataRequest,
    data: PreparedData,
    folds: int,
    before_keras: Callable[[], None] = lambda: None,
) -> None:
    """Write those that are not there: into folders inside that of `data`, which was prepared by `request`.

    Raises:
        DataError: the rows cannot be cut so; nothing is written.
        CacheUnusable: the folder takes no data.
    """
    if folds_are_whole(data, folds):
        return
    if why := why_not_fitted(data.spec):
        raise _refused(folds, why)
    with scratch_in(data.folder.parent):
        raw = without_rare_classes(read_source(request))
        split = split_of(raw)
        parts = _parts(raw, split, data.spec, folds)
        splits = [_split_of_fold(split, parts, number) for number in range(folds)]
        for one in splits:
            refuse_lacking_classes(raw, one)
            refuse_weightless_sides(raw, one)
        before_keras()
        for number, one in enumerate(splits):
            _write(raw, one, data, _folder(data, number, folds))


def prepare_refit(request: DataRequest, data: PreparedData) -> PreparedData:
    """All rows that the folds of `data` share as training rows, fitted by all of them; they are the judging rows too.

    Raises:
        DataError: the source cannot be read any more.
        CacheUnusable: the folder takes no data.
    """
    folder = data.folder / "refit"
    if is_whole(PreparedData(folder, data.spec)):
        return load_prepared(folder)
    with scratch_in(data.folder.parent):
        raw = without_rare_classes(read_source(request))
        split = split_of(raw)
        rows = _searched(split)
        _write(raw, Split(train=rows, validation=rows, test=split.test), data, folder)
    return load_prepared(folder)


def _write(raw: RawData, split: Split, data: PreparedData, folder: Path) -> None:
    """What searching reads of `split`, fitted by its training rows."""
    write_fitted(raw, split, _fitted(raw, split, data.spec), folder, data.folder.parent, SEARCHED_PARTS)


def why_not_fitted(spec: DataSpec) -> str | None:
    """Why data of this kind has no folds, or None."""
    if spec.kind == "image":
        return "these are images, of which there are rarely too few; folds are for tables and vectors"
    return "the source brings validation rows of its own, which stay so" if spec.given_validation else None


def _folder(data: PreparedData, number: int, folds: int) -> Path:
    return data.folder / f"fitted-fold-{number + 1}-of-{folds}"


def _refused(folds: int, why: str) -> DataError:
    return DataError(
        f"--folds: the rows cannot be cut into {folds}: {why}; ask for fewer, or leave --folds out"
    )


def _searched(split: Split) -> NDArray[np.int64]:
    """The rows that are cut, in the order of the source."""
    return np.sort(np.concatenate([split.train, split.validation]))


def _parts(raw: RawData, split: Split, spec: DataSpec, folds: int) -> NDArray[np.int64]:
    """Which fold judges each of the searched rows; groups stay whole, and classes are as even as they can be."""
    rows = _searched(split)
    if raw.groups is not None:
        groups = raw.groups[rows]
        if (present := len(np.unique(groups))) < folds:
            raise _refused(folds, f"they are of {present} groups of '{raw.request.group}'")
        return parts_of(raw.y[rows], spec, folds, groups)
    if raw.task == "multilabel":
        parts = parts_of(raw.y[rows], spec, folds)
        if why := why_no_label_folds(raw.y[rows], parts, [one.name for one in raw.targets], folds):
            raise _refused(folds, why)
        return parts
    if not raw.class_names:
        if len(rows) < 2 * folds:
            raise _refused(folds, f"{len(rows)} rows are fewer than two for each")
    else:
        counts = np.bincount(raw.y[rows], minlength=len(raw.class_names))
        least = int(counts.argmin())
        if counts[least] < folds:
            name = raw.class_names[least]
            raise _refused(folds, f"class '{name}' has {counts[least]} of them, fewer than one for each")
    return parts_of(raw.y[rows], spec, folds)


def _split_of_fold(split: Split, parts: NDArray[np.int64], number: int) -> Split:
    rows = _searched(split)
    return Split(train=rows[parts != number], validation=rows[parts == number], test=split.test)


def _fitted(raw: RawData, split: Split, study: DataSpec) -> DataSpec:
    """By the training rows of `split` alone; of the columns that the study has, since its model takes no others."""
    spec = fit_spec(raw, split, study.fingerprint, study.version).model_copy(update={"notes": ()})
    if spec.kind != "table":
        return spec
    known = {column.name for column in study.columns}
    columns = tuple(column for column in spec.columns if column.name in known)
    if not columns:
        raise DataError("--folds: in the training rows of a fold no column has two values; leave --folds out")
    shape = (sum(column.features for column in columns),)
    return spec.model_copy(update={"columns": columns, "input_shape": shape})
