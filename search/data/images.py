"""Folders of class folders: FOLDER/<class>/*.png, or the same below FOLDER/train and FOLDER/test."""

from __future__ import annotations

import hashlib
import os
import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.data.raw import RawData
from search.data.request import DataRequest
from search.errors import DataError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
EXPECTED = "FOLDER/<class>/*.png (or .jpg, .jpeg), or the same below FOLDER/train and FOLDER/test"
FILES_PER_TASK = 256
PIXELS_FOR_THREADS = 96 * 96


@dataclass(frozen=True)
class _Listing:
    files: list[Path]
    classes: list[str]
    ignored: int


def read_folder(request: DataRequest) -> RawData:
    """uint8 images of one size, (rows, height, width, 1 or 3); classes are the folders' names, sorted.

    Raises:
        DataError: no images, one class, an unreadable image, or differing sizes without `image_size`.
    """
    folder = Path(request.source)
    train, test = _listings(folder)
    class_names = sorted(set(train.classes), key=_natural)
    if len(class_names) < 2:
        found = f"one class, '{class_names[0]}'" if class_names else "no images"
        raise DataError(f"{folder} holds {found}; expected two or more classes as {EXPECTED}")
    unseen = sorted(set(test.classes) - set(class_names))
    if unseen:
        raise DataError(f"{folder / 'test'} has the class '{unseen[0]}', which {folder / 'train'} has not")
    index = {name: number for number, name in enumerate(class_names)}
    x, resized = _decode_all(train.files + test.files, request.image_size)
    ignored = train.ignored + test.ignored
    notes = (
        [f"{ignored:,} files are left out: hidden, not PNG or JPEG, or in deeper folders"] if ignored else []
    )
    if resized:
        notes.append(f"images are resized to {resized[0]} x {resized[1]} pixels (height x width)")
    return RawData(
        request=request,
        kind="image",
        task="binary" if len(class_names) == 2 else "multiclass",
        x=x,
        y=np.array([index[name] for name in train.classes + test.classes], dtype=np.int32),
        class_names=tuple(class_names),
        given_test=len(test.files),
        resized=resized,
        notes=tuple(notes),
    )


def fingerprint_folder(folder: Path) -> str:
    """SHA-256 over the sorted relative paths of the images and their bytes."""
    train, test = _listings(folder)
    digest = hashlib.sha256()
    for path in sorted(train.files + test.files):
        content = path.read_bytes()
        digest.update(
            f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode("utf-8", "surrogateescape")
        )
        digest.update(content)
    return digest.hexdigest()


def _listings(folder: Path) -> tuple[_Listing, _Listing]:
    try:
        if (folder / "train").is_dir() and any(entry.is_dir() for entry in os.scandir(folder / "train")):
            test = folder / "test"
            return _class_folders(folder / "train"), _class_folders(test) if test.is_dir() else _Listing(
                [], [], 0
            )
        return _class_folders(folder), _Listing([], [], 0)
    except OSError as exc:
        raise DataError(f"{folder} cannot be read: {exc.filename}: {exc.strerror or exc}") from exc


def _class_folders(folder: Path) -> _Listing:
    files: list[Path] = []
    classes: list[str] = []
    ignored = 0
    for class_folder in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if class_folder.name.startswith(".") or not class_folder.is_dir():
            ignored += 1
            continue
        for entry in sorted(os.scandir(class_folder.path), key=lambda entry: entry.name):
            is_image = entry.name.lower().endswith(IMAGE_SUFFIXES) and entry.is_file()
            if not is_image or entry.name.startswith("."):
                ignored += 1
                continue
            files.append(Path(entry.path))
            classes.append(class_folder.name)
    return _Listing(files, classes, ignored)


def _natural(name: str) -> tuple[int, float, str]:
    """Folders named by numbers in numeric order, before all others."""
    return (0, float(name), name) if name.isdecimal() else (1, 0.0, name)


def _decode_all(
    files: list[Path], image_size: tuple[int, int] | None
) -> tuple[NDArray[np.uint8], tuple[int, int] | None]:
    """uint8 (files, height, width, channels), and the size others were brought to, None where none was."""
    first, _ = _decoded(files[0])
    size = image_size or (first.shape[0], first.shape[1])
    # Grey images fill all three channels until it is known whether every image is grey.
    images = np.empty((len(files), *size, 3), dtype=np.uint8)
    resize = _Resize(size)

    def decode(start: int) -> tuple[bool, bool]:
        all_grey, any_resized = True, False
        for number in range(start, min(start + FILES_PER_TASK, len(files))):
            image, grey = _decoded(files[number])
            if image.shape[:2] != size:
                if image_size is None:
                    raise DataError(
                        f"images must be of one size: {files[number]} has {image.shape[0]} x "
                        f"{image.shape[1]} pixels (height x width), {files[0]} {size[0]} x {size[1]}; "
                        "set an image size (--image-size HEIGHTxWIDTH) to have them resized"
                    )
                image, any_resized = resize(image), True
            images[number] = image
            all_grey = all_grey and grey
        return all_grey, any_resized

    # Pillow lets go of Python's lock while it decodes. For small images most time goes around that, with the
    # lock held: on 2 cores, two threads were slower than one up to 64 x 64 pixels and faster from 96 x 96.
    threads = min(8, os.cpu_count() or 1) if first.shape[0] * first.shape[1] >= PIXELS_FOR_THREADS else 1
    pool = ThreadPoolExecutor(max_workers=threads)
    try:
        outcomes = list(pool.map(decode, range(0, len(files), FILES_PER_TASK)))
    finally:
        pool.shutdown(cancel_futures=True)
    grey = all(outcome[0] for outcome in outcomes)
    resized = size if any(outcome[1] for outcome in outcomes) else None
    return (images[..., :1] if grey else images), resized


class _Resize:
    """The layer that exported models resize by, made when the first image needs it."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self._layer: Any = None

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if self._layer is None:
            from search.data.preprocessing import resizing_layer

            self._layer = resizing_layer(self.size)
        return np.asarray(np.round(self._layer(image[np.newaxis].astype(np.float32)))[0], dtype=np.uint8)


def _decoded(path: Path) -> tuple[NDArray[np.uint8], bool]:
    """uint8 (height, width, 1) where the image is grey, else (height, width, 3); and whether it is grey."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path, formats=("PNG", "JPEG")) as opened:
            if opened.mode.startswith(("I", "F")):
                raise DataError(
                    f"{path} has pixels of more than 8 bits (mode {opened.mode}); convert it to 8 bits"
                )
            grey = opened.mode in ("1", "L", "LA")
            mode = "L" if grey else "RGB"
            # Only where needed: each of the two costs as much as decoding an image of 32 x 32 pixels.
            image = ImageOps.exif_transpose(opened) if "exif" in opened.info else opened
            pixels = np.asarray(image if image.mode == mode else image.convert(mode), dtype=np.uint8)
    # Pillow reports damage by several built-in errors, depending on the format and the place.
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError) as exc:
        raise DataError(f"{path} is not an image that can be read ({exc}); remove or replace it") from exc
    return (pixels[..., np.newaxis] if grey else pixels), grey
