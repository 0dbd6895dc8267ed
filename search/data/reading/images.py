"""Images of a folder, in one size and with one number of channels."""

from __future__ import annotations

import contextlib
import hashlib
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.data.reading.folder_content import shown
from search.data.reading.folders import EXPECTED, layout_of
from search.data.reading.free_memory import refuse_more_than_disk, refuse_more_than_memory
from search.data.reading.image_file import Unusable, decoded
from search.data.reading.known_digests import KnownDigests
from search.data.rows import scratch
from search.data.rows.notes import MOST_NAMED
from search.data.rows.raw import RawData
from search.data.rows.request import DataRequest
from search.data.rows.scratch import RowsToFill
from search.errors import DataError

FILES_PER_TASK = 256
PIXELS_FOR_THREADS = 96 * 96


@dataclass
class _Outcome:
    """Of some images: what was found about them, by path where it has to be told."""

    grey: bool = True
    resized: bool = False
    blended: int = 0
    animated: int = 0
    unusable: list[tuple[Path, str]] = field(default_factory=list)
    other_sizes: list[tuple[Path, str]] = field(default_factory=list)


def read_folder(request: DataRequest) -> RawData:
    """uint8 images of one size, (rows, height, width, 1 or 3); classes are the folders' names, sorted.

    Raises:
        DataError: no images, one class, unusable images (all of them named), or differing sizes without `image_size`.
    """
    folder = Path(request.source)
    layout = layout_of(folder)
    class_names = sorted(set(layout.train.classes), key=_natural)
    if len(class_names) < 2:
        found = f"one class, '{class_names[0]}'" if class_names else "no images"
        raise DataError(
            f"{folder} holds {found}; expected two or more classes as {EXPECTED}{_told(layout.notes)}"
        )
    for split, part in (("val", layout.val), ("test", layout.test)):
        unseen = sorted(set(part.classes) - set(class_names))
        if unseen:
            raise DataError(
                f"{folder}: the {split} split has the class '{unseen[0]}', which the training images have not; "
                "add some of it there, or remove it"
            )
    index = {name: number for number, name in enumerate(class_names)}
    x, resized, notes = decode_all(layout.files, request.image_size)
    return RawData(
        request=request,
        kind="image",
        task="binary" if len(class_names) == 2 else "multiclass",
        x=x,
        y=np.array([index[name] for name in layout.classes], dtype=np.int32),
        class_names=tuple(class_names),
        given_validation=len(layout.val.files),
        given_test=len(layout.test.files),
        resized=resized,
        notes=(*layout.notes, *notes),
    )


def fingerprint_folder(folder: Path, known: KnownDigests) -> str:
    """SHA-256 over the sorted relative paths of the images and their bytes."""
    files = sorted(layout_of(folder).files)
    return known.of(folder, files, lambda: _fingerprint_of(files, folder))


def _fingerprint_of(files: Sequence[Path], folder: Path) -> str:
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(
            f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode("utf-8", "surrogateescape")
        )
        digest.update(content)
    return digest.hexdigest()


def _told(notes: Sequence[str]) -> str:
    return "".join(f"\n  {note}" for note in notes)


def _natural(name: str) -> tuple[int, float, str]:
    """Folders named by numbers in numeric order, before all others."""
    return (0, float(name), name) if name.isdecimal() else (1, 0.0, name)


def decode_all(
    files: Sequence[Path], image_size: tuple[int, int] | None
) -> tuple[NDArray[np.uint8], tuple[int, int] | None, list[str]]:
    """uint8 (files, height, width, channels), the size others were brought to or None, and notes."""
    first, size = _first_usable(files)
    size = image_size or size
    _refuse_too_large(files, size)
    # Grey images fill all three channels until it is known whether every image is grey.
    images = RowsToFill(len(files), (*size, 3), np.uint8)
    resize = _Resize(size)

    def decode(start: int) -> _Outcome:
        outcome = _Outcome()
        for number in range(start, min(start + FILES_PER_TASK, len(files))):
            try:
                image_file = decoded(files[number])
            except Unusable as reason:
                outcome.unusable.append((files[number], str(reason)))
                continue
            image = image_file.pixels
            if image.shape[:2] != size:
                if image_size is None:
                    outcome.other_sizes.append((files[number], f"{image.shape[0]} x {image.shape[1]}"))
                    continue
                image, outcome.resized = resize(image), True
            images[number] = image
            outcome.grey = outcome.grey and image_file.grey
            outcome.blended += image_file.blended
            outcome.animated += image_file.animated
        return outcome

    # Pillow lets go of Python's lock while it decodes. For small images most time goes around that, with the
    # lock held: on 2 cores, two threads were slower than one up to 64 x 64 pixels and faster from 96 x 96.
    threads = min(8, os.cpu_count() or 1) if size[0] * size[1] >= PIXELS_FOR_THREADS else 1
    pool = ThreadPoolExecutor(max_workers=threads)
    with _warnings_of_pillow():
        try:
            outcomes = list(pool.map(decode, range(0, len(files), FILES_PER_TASK)))
        finally:
            pool.shutdown(cancel_futures=True)
    _refuse_unusable([one for outcome in outcomes for one in outcome.unusable])
    _refuse_other_sizes([one for outcome in outcomes for one in outcome.other_sizes], first, size)
    grey = all(outcome.grey for outcome in outcomes)
    resized = size if any(outcome.resized for outcome in outcomes) else None
    pixels = images.filled()
    return (pixels[..., :1] if grey else pixels), resized, _notes(outcomes, resized)


def _refuse_too_large(files: Sequence[Path], size: tuple[int, int]) -> None:
    needed = len(files) * size[0] * size[1] * 3
    what = f"{files[0].parent.parent}: to read {len(files):,} images of {size[0]} x {size[1]} pixels"
    advice = "set a smaller image size (--image-size HEIGHTxWIDTH)"
    refuse_more_than_memory(min(needed, scratch.KEPT_IN_MEMORY), what, advice)
    if needed > scratch.KEPT_IN_MEMORY:
        refuse_more_than_disk(needed, what, advice)


def _notes(outcomes: Sequence[_Outcome], resized: tuple[int, int] | None) -> list[str]:
    """What was decided about the images."""
    blended = sum(outcome.blended for outcome in outcomes)
    animated = sum(outcome.animated for outcome in outcomes)
    notes = []
    if resized:
        notes.append(f"images are resized to {resized[0]} x {resized[1]} pixels (height x width)")
    if blended:
        notes.append(
            f"{blended:,} images are transparent in places: put on white, as images for the exported model have to be"
        )
    if animated:
        notes.append(f"{animated:,} images are animated: their first frame is used")
    return notes


def _first_usable(files: Sequence[Path]) -> tuple[Path, tuple[int, int]]:
    """The first image that can be read, and its (height, width)."""
    unusable: list[tuple[Path, str]] = []
    with _warnings_of_pillow():
        for path in files:
            try:
                return path, decoded(path).pixels.shape[:2]
            except Unusable as reason:
                unusable.append((path, str(reason)))
    _refuse_unusable(unusable)
    raise AssertionError("there are images")


@contextlib.contextmanager
def _warnings_of_pillow() -> Iterator[None]:
    """An image of more pixels than Pillow takes for sound is no warning here. Filters hold in all threads."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of EXIF data that is damaged, for instance
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _refuse_unusable(unusable: Sequence[tuple[Path, str]]) -> None:
    if not unusable:
        return
    listed = "".join(f"\n  {shown(str(path))}: {reason}" for path, reason in unusable[:MOST_NAMED])
    more = f"\n  and {len(unusable) - MOST_NAMED:,} more" if len(unusable) > MOST_NAMED else ""
    what = (
        "1 image cannot be used; remove or replace it"
        if len(unusable) == 1
        else (f"{len(unusable):,} images cannot be used; remove or replace them")
    )
    raise DataError(f"{what}:{listed}{more}")


def _refuse_other_sizes(others: Sequence[tuple[Path, str]], first: Path, size: tuple[int, int]) -> None:
    if not others:
        return
    listed = ", ".join(f"{path} has {one}" for path, one in others[:3])
    more = f" ({len(others):,} images are of other sizes)" if len(others) > 1 else ""
    raise DataError(
        f"images must be of one size: {listed} pixels (height x width), {first} {size[0]} x {size[1]}{more}; "
        "set an image size (--image-size HEIGHTxWIDTH) to have them resized"
    )


class _Resize:
    """The layer that exported models resize by, made when the first image needs it."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self._layer: Any = None

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if self._layer is None:
            from search.data.reading.resizing import resizing_layer

            self._layer = resizing_layer(self.size)
        return np.asarray(np.round(self._layer(image[np.newaxis].astype(np.float32)))[0], dtype=np.uint8)
