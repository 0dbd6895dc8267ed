"""Choose the reader for a source, and fingerprint a source by its content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from search.data.reading.builtin import builtin_files, read_builtin
from search.data.reading.images import fingerprint_folder, read_folder
from search.data.reading.known_digests import KnownDigests
from search.data.reading.npz import read_npz
from search.data.reading.parquet import PARQUET_SUFFIXES, read_parquet
from search.data.reading.side_files import refuse_side_files
from search.data.reading.text_table import TEXT_SUFFIXES, read_text_table
from search.data.rows.raw import RawData
from search.data.rows.request import (
    BUILTIN_SOURCES,
    COLUMN_OPTIONS,
    SIDE_FILES,
    SPLIT_COLUMNS,
    DataRequest,
)
from search.errors import DataError
from spaces.errors import did_you_mean

EXPECTED = (
    f"a built-in set ({', '.join(BUILTIN_SOURCES)}), a file ending in .npz, .csv, .tsv, .txt or .parquet, "
    "a packed table (.gz, .bz2, .xz, .zip), or a folder of class folders"
)
_OF_TABLES = (*COLUMN_OPTIONS, *SPLIT_COLUMNS, *SIDE_FILES, "weight")


def read_source(request: DataRequest) -> RawData:
    """Read and validate a source; writes nothing. Images of other sizes are brought to `image_size`.

    Raises:
        DataError: the source is not there, cannot be read, or does not fit the request.
    """
    raw = reader_of(request)(request)
    if request.target_transform != "none" and raw.targets:
        raise DataError(
            f"--target-transform {request.target_transform}: of several targets each is learnt as it is; leave the "
            "option out, or search for one target at a time"
        )
    if request.target_transform == "log" and raw.task != "regression":
        raise DataError(
            f"--target-transform log: the target of {request.source} is classes, which have no logarithm; leave the "
            "option out, or say --task regression where they are quantities"
        )
    return raw


def fingerprint_source(request: DataRequest, cache: Path | None = None) -> str:
    """SHA-256 of the source's content without decoding it, 64 hexadecimal characters.

    Of a file's bytes, with those of the files of validation and test rows, of a folder's relative paths and bytes, of
    the files of a built-in set. What was hashed before is known again by what is kept of it below `cache`.

    Raises:
        DataError: the source is not there or cannot be read.
    """
    reader_of(request)
    path, known = Path(request.source), KnownDigests(cache)
    try:
        if request.source in BUILTIN_SOURCES:
            digests = [known.of_file(file) for file in builtin_files(request.source)]
            return _fingerprint_of([request.source, *digests])
        if len(request.files) > 1:
            return _fingerprint_of([known.of_file(Path(file)) for file in request.files])
        return fingerprint_folder(path, known) if path.is_dir() else known.of_file(path)
    except OSError as exc:
        raise DataError(f"{exc.filename or path} cannot be read: {exc.strerror or exc}") from exc


def _fingerprint_of(texts: list[str]) -> str:
    return hashlib.sha256(" ".join(texts).encode()).hexdigest()


def reader_of(request: DataRequest) -> Callable[[DataRequest], RawData]:
    """The reader of a source, once its options are known to fit it.

    Raises:
        DataError: the source is not there, is none that can be read, or its options do not fit it.
    """
    source, path = request.source, Path(request.source)
    suffix = path.suffix.lower()
    if source in BUILTIN_SOURCES:
        reason = "it is a built-in set of images"
        _refuse_options(request, "target", "separator", *_OF_TABLES, "image_size", reason=reason)
        if request.task == "regression":
            raise DataError(f"{source} holds classes; its task is classification, not regression")
        return read_builtin
    # os.path and not Path: it takes a name that is too long for one that is not there.
    if os.path.isdir(path):
        reason = "a folder's classes are its subfolders"
        _refuse_options(request, "target", "separator", *_OF_TABLES, reason=reason)
        if request.task == "regression":
            raise DataError(
                f"{source} is a folder of class folders; its task is classification, not regression"
            )
        return read_folder
    if not os.path.exists(path):
        raise DataError(missing(source))
    if not os.path.isfile(path):  # a device, or a pipe: its second reader would wait for ever
        raise DataError(f"{_short(source)} is no regular file; save what comes out of it, and name that file")
    if suffix == ".npz":
        reason = "an NPZ file names its own y"
        of_tables = (name for name in _OF_TABLES if name != "weight")
        _refuse_options(request, "target", "separator", *of_tables, "image_size", reason=reason)
        return read_npz
    if suffix == ".npy":
        raise DataError(
            f"{source} holds one array, and a source needs two; save them by np.savez('FILE.npz', x=…, y=…)"
        )
    if suffix in TEXT_SUFFIXES:
        _refuse_options(request, "image_size", reason="it is a table")
        refuse_side_files(request, TEXT_SUFFIXES)
        return read_text_table
    if suffix in PARQUET_SUFFIXES:
        _refuse_options(request, "image_size", "separator", reason="it is a Parquet table")
        refuse_side_files(request, PARQUET_SUFFIXES)
        return read_parquet
    raise DataError(f"{source} has the ending {suffix or '(none)'!r}; expected {EXPECTED}")


def missing(source: str) -> str:
    """Says of a source that it is not there."""
    return f"source {_short(source)!r} is neither there as a file or folder nor known: {_nearest(source)}"


def _nearest(source: str) -> str:
    """What to try in place of a source that does not exist."""
    path = Path(source)
    if len(path.parts) > 1 or path.suffix:
        if not path.parent.is_dir():
            return f"its folder {path.parent} does not exist either; check the path"
        siblings = [entry.name for entry in path.parent.iterdir()]
        return f"there is no such file in {path.parent.resolve()}{did_you_mean(path.name, siblings)}"
    return f"expected {EXPECTED}{did_you_mean(source.lower().replace('-', '_'), BUILTIN_SOURCES)}"


def _refuse_options(request: DataRequest, *names: str, reason: str) -> None:
    for name in names:
        value = getattr(request, name)
        if value not in (None, ()):
            shown = ", ".join(value) if name in COLUMN_OPTIONS else value
            raise DataError(f"{name} {shown!r} does not apply to {request.source}: {reason}; leave it out")


def _short(source: str) -> str:
    return source if len(source) <= 100 else f"{source[:100]}…"
