"""Rows that are arrays, for a model that is there: images of a folder, arrays of an NPZ file, built-in sets."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from search.data.reading.archive import open_archive
from search.data.reading.builtin import read_builtin
from search.data.reading.folder_content import look, shown
from search.data.reading.folders import Layout, Part, layout_of
from search.data.reading.images import decode_all, read_folder
from search.data.reading.npz import check_shapes, labels_of, read_npz, weights_of
from search.data.reading.npz_rows import (
    arrays_of,
    as_floats,
    below_each_other,
    finite_vectors,
    images_of,
    refuse_too_large,
)
from search.data.reading.roles import rows_of, weights_named
from search.data.reading.source import reader_of
from search.data.rows.raw import Array
from search.data.rows.request import DataRequest
from search.errors import DataError


@dataclass(frozen=True)
class ArrayRows:
    """`x` gives rows from one number to another: uint8 (rows, height, width, channels) or numbers (rows, features).

    `labels` are those of all rows as the source has them, (rows,), of several targets (rows, targets), or None; `files`
    the name of each image in a folder. `weights` are how much each row counts, as asked for, where the
    source has it.
    """

    rows: int
    x: Callable[[int, int], Array]
    labels: Array | None
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    weights: Array | None = None


def open_arrays_of(
    request: DataRequest,
    size: tuple[int, int],
    *,
    resize: bool,
    with_labels: bool,
    weight: str = "",
    targets: int = 1,
) -> ArrayRows:
    """The rows of a source that is no table; labels where `with_labels` and the source has them, of so many `targets`.

    `size` is (height, width) of images; those of another size in a folder are resized or refused. `weight`
    names what says how much rows count.

    Raises:
        DataError: the source cannot be read.
    """
    reader = reader_of(request)
    if reader is read_folder:
        return _of_folder(Path(request.source), size, resize=resize)
    if reader is read_npz:
        return _of_npz(request.source, with_labels=with_labels, weight=weight, targets=targets)
    raw = read_builtin(request)
    images = np.asarray(raw.x)
    return ArrayRows(len(images), lambda start, end: images[start:end], np.array(raw.class_names)[raw.y])


def _of_folder(folder: Path, size: tuple[int, int], *, resize: bool) -> ArrayRows:
    """Images in class folders, or side by side without classes."""
    seen = look(folder)
    if seen.images and not seen.folders:
        layout = Layout(Part(tuple(seen.images)), Part(), Part(), ())
    else:
        layout = layout_of(folder)
    files = layout.files
    if not files:
        raise DataError(
            f"{folder} holds no images; PNG and JPEG files are read, in class folders or side by side"
        )

    def images(start: int, end: int) -> Array:
        x, resized, _ = decode_all(files[start:end], size)
        if resized is not None and not resize:
            raise DataError(
                f"{folder} holds images that are not of {size[0]} x {size[1]} pixels (height x width), as those that "
                "the model was trained on; resize them, or train a model that does (run --image-size)"
            )
        return x

    return ArrayRows(
        len(files),
        images,
        np.array(layout.classes) if layout.classes else None,
        tuple(shown(path.relative_to(folder).as_posix()) for path in files),
        layout.notes,
    )


def _of_npz(source: str, *, with_labels: bool, weight: str, targets: int) -> ArrayRows:
    with open_archive(Path(source)) as archive:
        roles = rows_of(archive.names, source)
        with_labels = with_labels and all(y for _, y in roles.pairs.values())
        names = [name for pair in roles.pairs.values() for name in pair[: 1 + with_labels]]
        of_weights: list[str] = []
        if weight:
            with suppress(DataError):
                of_weights = weights_named(archive.names, roles, weight, source)
        names += of_weights
        headers = {name: archive.header(name) for name in names}
        check_shapes(roles, headers, source)
        refuse_too_large(roles, headers, source)
        arrays = arrays_of(archive, roles, names)
    x = below_each_other([arrays[name] for name, _ in roles.pairs.values()])
    image = x.dtype == np.uint8 and x.ndim in (3, 4)
    x = images_of(x, source) if image else finite_vectors(x, source)
    labels = labels_of(roles, arrays, source, several=targets > 1)[0] if with_labels else None
    if labels is not None and (labels.shape[1] if labels.ndim == 2 else 1) != targets:
        raise DataError(
            f"{source}: y has shape {labels.shape}, and the model answers {targets:,} "
            f"{'target' if targets == 1 else 'targets'} a row; save as many columns"
        )
    weights = weights_of(of_weights, roles, arrays, source) if of_weights else None

    def rows(start: int, end: int) -> Array:
        return x[start:end] if image else as_floats(x[start:end])

    return ArrayRows(len(x), rows, labels, weights=weights)
