"""Prepared data on disk: arrays of each part of the split beside data.json, memory-mapped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from zipfile import is_zipfile

import numpy as np
from pydantic import ValidationError

from search.data.preparing.components import COMPONENTS_FILE
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
    `spec.target_std`; (rows,).
    """

    folder: Path
    spec: DataSpec

    def training(self) -> tuple[Array, Array]:
        """x and y to train on, memory-mapped and read-only."""
        return open_arrays(self, "train")

    def validation(self) -> tuple[Array, Array]:
        """x and y to compare trials by, memory-mapped and read-only."""
        return open_arrays(self, "validation")


def load_prepared(folder: Path, parts: tuple[str, ...] = SEARCHED_PARTS) -> PreparedData:
    """Open what `preparation.prepare` saved, of which `parts` have to be there: who trains does without the test split.

    Raises:
        DataError: the folder is not there, not complete, or of another version.
    """
    try:
        spec = DataSpec.model_validate_json((folder / SPEC_FILE).read_bytes())
    except OSError as exc:
        raise DataError(
            f"{folder} holds no prepared data ({exc.strerror}); prepare the source again"
        ) from exc
    except ValidationError as exc:
        raise DataError(f"{folder / SPEC_FILE} is not of this version; prepare the source again") from exc
    for path in _arrays(folder, parts):
        if not path.is_file():
            raise DataError(f"{folder} lacks {path.name}; prepare the source again")
    if spec.kind == "image" and not is_zipfile(folder / COMPONENTS_FILE):
        raise DataError(f"{folder} lacks {COMPONENTS_FILE}, or it is damaged; prepare the source again")
    return PreparedData(folder, spec)


def is_whole(prepared: PreparedData) -> bool:
    """Whether all that trials read is still on disk."""
    of_images = [prepared.folder / COMPONENTS_FILE] if prepared.spec.kind == "image" else []
    return all(path.is_file() for path in [*searched_files(prepared.folder), *of_images])


def searched_files(folder: Path) -> list[Path]:
    """What a machine needs of prepared data that trains and does not test."""
    of_images = [path for path in (folder / COMPONENTS_FILE,) if path.exists()]
    return [folder / SPEC_FILE, *_arrays(folder, SEARCHED_PARTS), *of_images]


def open_arrays(prepared: PreparedData, part: str) -> tuple[Array, Array]:
    """x and y of one part, memory-mapped. Search code asks for "train" and "validation" alone.

    Raises:
        DataError: an array is damaged, or not of the shape that the spec tells.
    """
    rows = getattr(prepared.spec.rows, part)
    arrays: list[Array] = []
    for letter, shape in (("x", (rows, *prepared.spec.input_shape)), ("y", (rows,))):
        path = prepared.folder / f"{part}_{letter}.npy"
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as exc:
            raise DataError(
                f"{path} cannot be read ({exc}); remove {prepared.folder} and prepare again"
            ) from exc
        if array.shape != shape:
            raise DataError(
                f"{path} has shape {array.shape} and not {shape}; remove {prepared.folder} and prepare again"
            )
        arrays.append(array)
    return arrays[0], arrays[1]


def _arrays(folder: Path, parts: Iterable[str]) -> list[Path]:
    return [folder / f"{part}_{letter}.npy" for part in parts for letter in "xy"]
