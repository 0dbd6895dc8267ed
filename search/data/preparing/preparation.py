"""From a source to prepared data: read, split, fitted and transformed once, and put on disk whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from search.data.preparing.components import fit_components
from search.data.preparing.fitting import fit_spec
from search.data.preparing.in_order import in_order
from search.data.preparing.prepared import (
    PARTS,
    SPEC_FILE,
    PreparedData,
    groups_file,
    load_prepared,
    weights_file,
)
from search.data.preparing.rare_classes import without_rare_classes
from search.data.preparing.repeats import repeats_across_splits
from search.data.preparing.spec import SPEC_VERSION, DataSpec
from search.data.preparing.splits import Split
from search.data.preparing.splitting import split_of
from search.data.reading.source import fingerprint_source, read_source
from search.data.rows.raw import Array, RawData, Table, taken
from search.data.rows.request import DataRequest
from search.data.rows.scratch import scratch_in
from search.errors import CacheUnusable, DataError

# Of what a folder holds beside the arrays: 2 has groups, and what columns and targets are written like.
_LAYOUT = 2
ABANDONED_SECONDS = 86_400
_ADVICE = {
    errno.ENOSPC: "free some disk space",
    errno.EDQUOT: "free some of your share of the disk",
    errno.EFBIG: "allow larger files (ulimit -f)",
    errno.EROFS: "make it writable",
    errno.EACCES: "make it writable",
}


def prepare(
    request: DataRequest,
    cache: Path,
    version: int = SPEC_VERSION,
    before_keras: Callable[[], None] = lambda: None,
) -> PreparedData:
    """Read, split and preprocess a source, and save it below `cache`, unless the same was saved before.

    `version` is of the spec that is wanted: a study goes on with the features that it was started with.
    `before_keras` is called where Keras is needed, before it is: how many threads it has is settled by its first use.
    Safe with other processes doing the same: each writes a folder of its own and the first to rename it wins.

    Raises:
        DataError: the source cannot be used as asked; nothing is written.
        CacheUnusable: `cache` takes no data; what was begun is removed.
    """
    fingerprint = fingerprint_source(request, cache)
    folder = cache / _key(request, fingerprint, version)
    with contextlib.suppress(DataError):
        return load_prepared(folder, PARTS)
    if request.image_size is not None:
        before_keras()
    with scratch_in(cache):
        raw = without_rare_classes(read_source(request))
        split = split_of(raw)
        spec = fit_spec(raw, split, fingerprint, version)
        spec = spec.model_copy(update={"notes": (*spec.notes, *repeats_across_splits(raw, split, spec))})
        if raw.kind != "image":
            before_keras()
        write_fitted(raw, split, spec, folder, cache)
    return load_prepared(folder, PARTS)


def write_fitted(
    raw: RawData, split: Split, spec: DataSpec, folder: Path, cache: Path, parts: tuple[str, ...] = PARTS
) -> None:
    """As `write_prepared`, with rows prepared as `spec` was fitted, into a `folder` below `cache`.

    Raises:
        CacheUnusable: `cache` takes no data.
    """
    try:
        write_prepared(raw, split, spec, prepared_rows_of(raw, spec), folder, parts)
    except OSError as exc:
        raise _cannot_write(cache, spec, exc) from exc


def _cannot_write(cache: Path, spec: DataSpec, exc: OSError) -> CacheUnusable:
    """That prepared data of `spec` cannot be written below `cache`, and what to do about it."""
    rows = spec.rows.train + spec.rows.validation + spec.rows.test
    size = rows * math.prod(spec.input_shape) * (1 if spec.kind == "image" else 4)
    advice = _ADVICE.get(exc.errno or 0, "make it a folder that can be written to")
    return CacheUnusable(
        f"prepared data (about {size / 1e6:,.1f} MB) cannot be written below {cache}: {exc.strerror or exc}; "
        f"{advice}, or name another folder, on another disk, by $PERCEPTUNA_CACHE"
    )


def _key(request: DataRequest, fingerprint: str, version: int) -> str:
    asked = json.dumps([version, _LAYOUT, fingerprint, request.asked()], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()[:32]


def prepared_rows_of(raw: RawData, spec: DataSpec) -> Callable[[Array], Array]:
    """From row numbers to prepared rows of x."""
    x = raw.x
    if raw.kind == "image" and not isinstance(x, Table):
        images = x
        return lambda rows: images[rows]
    from search.data.preparing.preprocessing import preprocessing_model, transform

    model = preprocessing_model(spec)
    return lambda rows: transform(taken(x, rows), spec, model)


def write_prepared(
    raw: RawData,
    split: Split,
    spec: DataSpec,
    rows_of: Callable[[Array], Array],
    folder: Path,
    parts: tuple[str, ...] = PARTS,
) -> None:
    """The arrays of `parts` and their spec as `folder`, whole or not at all; `rows_of` as `prepared_rows_of`.

    Raises:
        OSError: they cannot be written.
    """
    with unfinished_folder(folder) as partial:
        for part in parts:
            rows, dtype = getattr(split, part), np.dtype(np.uint8 if raw.kind == "image" else np.float32)
            _save_blocks(
                partial / f"{part}_x.npy",
                in_order(rows, rows_of, spec.input_shape, dtype),
                dtype=dtype,
                shape=(len(rows), *spec.input_shape),
            )
            y = raw.y[rows]
            if spec.of_quantities:
                y = spec.learnt_targets(y).astype(np.float32)
            save_array(partial / f"{part}_y.npy", y)
            if raw.weights is not None:
                # Of mean 1 over the training rows, so that no rate has to know how large they are.
                weights = raw.weights[rows] / raw.weights[split.train].mean()
                save_array(weights_file(partial, part), weights.astype(np.float32))
            if raw.groups is not None:
                save_array(groups_file(partial, part), raw.groups[rows].astype(np.int32))
        if raw.kind == "image" and not isinstance(raw.x, Table):
            fit_components(raw.x, split.train, spec.scale, spec.offset).save(partial)
        (partial / SPEC_FILE).write_text(spec.model_dump_json(indent=1), encoding="utf-8")
        put_in_place(partial, folder, parts)


@contextlib.contextmanager
def unfinished_folder(folder: Path) -> Iterator[Path]:
    """A folder beside `folder` to write in, which `put_in_place` makes that; it is gone in the end."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(folder)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _remove_abandoned(folder: Path) -> None:
    """What processes that were killed left behind; one at work has written within the last day."""
    for partial in folder.parent.glob(f".{folder.name}-*"):
        with contextlib.suppress(OSError):
            if time.time() - partial.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(partial, ignore_errors=True)


def _save_blocks(path: Path, blocks: Iterable[Array], dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    """As `np.save` of all blocks in one array, which may be larger than memory.

    Written and not mapped: where the disk is full, a write is an error that can be told, and a mapped page a signal
    that ends the process (SIGBUS).
    """
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for block in blocks:
            file.write(np.ascontiguousarray(block, dtype=dtype).data)
        file.flush()
        os.fsync(file.fileno())


def save_array(path: Path, array: Array) -> None:
    """As `np.save`, on the disk when it returns."""
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())


def put_in_place(partial: Path, folder: Path, parts: tuple[str, ...] = PARTS) -> None:
    """Into place with its `parts`, unless another process was first; what stands there incomplete is moved aside."""
    try:
        partial.rename(folder)
        return
    except OSError:
        if not folder.exists():
            raise
    try:
        load_prepared(folder, parts)
    except DataError:
        incomplete = partial.with_name(f"{partial.name}-incomplete")
        try:
            folder.rename(incomplete)
            partial.rename(folder)
        except OSError:
            # Another process mended it meanwhile, or nothing can be written here.
            load_prepared(folder, parts)
        finally:
            shutil.rmtree(incomplete, ignore_errors=True)
