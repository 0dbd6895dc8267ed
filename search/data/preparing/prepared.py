"""Prepared data on disk: arrays of each part of the split beside data.json, memory-mapped."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from zipfile import is_zipfile

import numpy as np
from pydantic import ValidationError

from search.data.preparing.components import COMPONENTS_FILE
from search.data.preparing.in_use import Shared
from search.data.preparing.spec import DataSpec
from search.data.rows.raw import Array
from search.errors import DataError

SPEC_FILE = "data.json"
SEARCHED_PARTS = ("train", "validation")
PARTS = (*SEARCHED_PARTS, "test")


@dataclass(frozen=True)
class PreparedData:
    """A folder of arrays and what they are. Cheap to send to another process on the same disk.

    x is uint8 (rows, height, width, channels) for images, else float32 (rows, features). y is int32 class
    indices (binary: 0 or 1), or for a regression float32, standardised by `spec.target_mean` and
    `spec.target_std`; (rows,), and of several targets (rows, targets). Weights are float32 (rows,), of mean 1 over the
    training rows; None where all rows count alike.
    """

    folder: Path
    spec: DataSpec

    def training(self) -> tuple[Array, Array]:
        """x and y to train on, memory-mapped and read-only."""
        return open_arrays(self, "train")

    def validation(self) -> tuple[Array, Array]:
        """x and y to compare trials by, memory-mapped and read-only."""
        return open_arrays(self, "validation")

    def training_weights(self) -> Array | None:
        """How much each training row counts, memory-mapped and read-only."""
        return open_weights(self, "train")

    def validation_weights(self) -> Array | None:
        """How much each validation row counts, memory-mapped and read-only."""
        return open_weights(self, "validation")


def load_prepared(folder: Path, parts: tuple[str, ...] = SEARCHED_PARTS) -> PreparedData:
    """Open what `preparation.prepare` saved, of which `parts` have to be there: who trains does without the test split.

    It is not removed from the cache for as long as what is returned is there.

    Raises:
        DataError: the folder is not there, not complete, or of another version.
    """
    try:
        opened = Shared(folder / SPEC_FILE)
    except OSError as exc:
        raise _nothing_in(folder, exc) from exc
    with opened:
        data = PreparedData(folder, _checked(folder, parts))
    weakref.finalize(data, os.close, opened.descriptor)
    return data


def _checked(folder: Path, parts: tuple[str, ...]) -> DataSpec:
    try:
        spec = DataSpec.model_validate_json((folder / SPEC_FILE).read_bytes())
    except OSError as exc:
        raise _nothing_in(folder, exc) from exc
    except ValidationError as exc:
        raise DataError(f"{folder / SPEC_FILE} is not of this version; prepare the source again") from exc
    of_weights = [weights_file(folder, part) for part in parts if spec.weight]
    for path in (*_arrays(folder, parts), *of_weights):
        if not path.is_file():
            raise DataError(f"{folder} lacks {path.name}; prepare the source again")
    if spec.kind == "image" and not is_zipfile(folder / COMPONENTS_FILE):
        raise DataError(f"{folder} lacks {COMPONENTS_FILE}, or it is damaged; prepare the source again")
    return spec


def _nothing_in(folder: Path, exc: OSError) -> DataError:
    return DataError(f"{folder} holds no prepared data ({exc.strerror}); prepare the source again")


def is_whole(prepared: PreparedData) -> bool:
    """Whether all that trials read is still on disk."""
    of_images = [prepared.folder / COMPONENTS_FILE] if prepared.spec.kind == "image" else []
    return all(path.is_file() for path in [*searched_files(prepared.folder), *of_images])


def searched_files(folder: Path) -> list[Path]:
    """What a machine needs of prepared data that trains and does not test."""
    of_parts = (of(folder, part) for of in (weights_file, groups_file) for part in SEARCHED_PARTS)
    of_some = (folder / COMPONENTS_FILE, *of_parts)
    return [
        folder / SPEC_FILE,
        *_arrays(folder, SEARCHED_PARTS),
        *(path for path in of_some if path.exists()),
    ]


def weights_file(folder: Path, part: str) -> Path:
    """How much each row of a part counts; there where rows do not count alike."""
    return folder / f"{part}_w.npy"


def groups_file(folder: Path, part: str) -> Path:
    """The group of each row of a part, by number; there where no group may be on two sides."""
    return folder / f"{part}_g.npy"


def searched_groups(prepared: PreparedData) -> Array | None:
    """The group of each training row, and then of each validation row, int32 (rows,).

    None where rows have none, or an earlier version prepared them and did not keep any.
    """
    files = [groups_file(prepared.folder, part) for part in SEARCHED_PARTS]
    if not all(file.is_file() for file in files):
        return None
    return np.concatenate([open_groups(prepared, part) for part in SEARCHED_PARTS])


def open_groups(prepared: PreparedData, part: str) -> Array:
    """The group of each row of one part, int32 (rows,), as `open_arrays`."""
    return _open(groups_file(prepared.folder, part), (getattr(prepared.spec.rows, part),))


def open_arrays(prepared: PreparedData, part: str) -> tuple[Array, Array]:
    """x and y of one part, memory-mapped. Search code asks for "train" and "validation" alone.

    Raises:
        DataError: an array is damaged, or not of the shape that the spec tells.
    """
    rows = getattr(prepared.spec.rows, part)
    x, y = _arrays(prepared.folder, [part])
    targets = (len(prepared.spec.targets),) if prepared.spec.targets else ()
    return _open(x, (rows, *prepared.spec.input_shape)), _open(y, (rows, *targets))


def open_weights(prepared: PreparedData, part: str) -> Array | None:
    """How much each row of a part counts, as `open_arrays`; None where all count alike."""
    if not prepared.spec.weight:
        return None
    return _open(weights_file(prepared.folder, part), (getattr(prepared.spec.rows, part),))


def _open(path: Path, shape: tuple[int, ...]) -> Array:
    try:
        array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as exc:
        raise DataError(f"{path} cannot be read ({exc}); remove {path.parent} and prepare again") from exc
    if array.shape != shape:
        raise DataError(
            f"{path} has shape {array.shape} and not {shape}; remove {path.parent} and prepare again"
        )
    return array


def _arrays(folder: Path, parts: Iterable[str]) -> list[Path]:
    return [folder / f"{part}_{letter}.npy" for part in parts for letter in "xy"]
