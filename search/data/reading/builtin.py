"""Built-in sets: scikit-learn's digits, and those that Keras downloads."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from search.data.rows.raw import Array, RawData
from search.data.rows.request import BUILTIN_SOURCES, DataRequest
from search.errors import DataError
from search.machine.plain_keras import import_keras, keras_home

# Where keras.datasets looks before it downloads, below ~/.keras/datasets, and what lies there under another name.
KERAS_FILES = {
    "mnist": ("mnist.npz",),
    "fashion_mnist": tuple(
        f"fashion-mnist/{part}-{kind}-ubyte.gz"
        for part in ("train", "t10k")
        for kind in ("images-idx3", "labels-idx1")
    ),
    "cifar10": ("cifar-10-batches-py-target_archive",),
    "cifar100": ("cifar-100-python-target_archive",),
}
_RENAMED = {"cifar10": " (cifar-10-python.tar.gz)", "cifar100": " (cifar-100-python.tar.gz)"}
DIGITS = tuple("0123456789")
CLASS_NAMES = {
    "digits": DIGITS,
    "mnist": DIGITS,
    "fashion_mnist": (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ),
    "cifar100": tuple(
        """
        apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can
        castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin
        elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard
        lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear
        pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal
        shark shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank
        telephone television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm
        """.split()  # noqa: SIM905
    ),
    "cifar10": (
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ),
}  # fmt: skip


def read_builtin(request: DataRequest) -> RawData:
    """uint8 images of one of `BUILTIN_SOURCES`; the Keras sets come with their own test split.

    Raises:
        DataError: the set is neither on this machine nor to be downloaded.
    """
    x, y, given_test = _arrays(request.source)
    return RawData(
        request=request,
        kind="image",
        task="multiclass",
        x=x,
        y=y,
        class_names=CLASS_NAMES[request.source],
        given_test=given_test,
    )


def namesake_note(source: str) -> str | None:
    """What to write for a folder in the current one that is named like a built-in set; None where there is none."""
    if source in BUILTIN_SOURCES and os.path.isdir(source):
        return f"{source} is the built-in set; for the folder {source} in the current one, write ./{source}"
    return None


def _arrays(name: str) -> tuple[Array, Array, int]:
    """Images uint8 (rows, height, width, channels), class indices int32 (rows,), and how many rows at the end
    are the given test split.
    """
    if name == "digits":
        from sklearn.datasets import load_digits

        digits = load_digits()
        return digits.images.astype(np.uint8)[..., np.newaxis], digits.target.astype(np.int32), 0
    (x_train, y_train), (x_test, y_test) = _load_keras(name)
    x = np.concatenate([x_train, x_test])
    y = np.concatenate([y_train.ravel(), y_test.ravel()]).astype(np.int32)
    return (x[..., np.newaxis] if x.ndim == 3 else x), y, len(x_test)


def builtin_files(name: str) -> list[Path]:
    """The files a set is read from; the Keras sets are downloaded if they are not there.

    To look at them takes no import of TensorFlow or scikit-learn.

    Raises:
        DataError: the set is neither on this machine nor to be downloaded.
    """
    if name == "digits":
        package = find_spec("sklearn")
        assert package is not None
        assert package.origin is not None
        return [Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"]
    files = [keras_home() / "datasets" / file for file in KERAS_FILES[name]]
    if not all(file.exists() for file in files):
        _load_keras(name)
    return files


def _load_keras(name: str) -> Any:
    keras = import_keras()
    try:
        return getattr(keras.datasets, name).load_data()
    except Exception as exc:
        # keras.utils.get_file raises a bare Exception for a failed download; damaged archives raise OSError,
        # EOFError or ValueError.
        failed_download = type(exc) is Exception and "URL fetch failure" in str(exc)
        if not failed_download and not isinstance(exc, OSError | EOFError | ValueError):
            raise
        places = ", ".join(str(keras_home() / "datasets" / file) for file in KERAS_FILES[name])
        raise DataError(
            f"{name} could not be downloaded or read ({exc}); "
            f"without network, put its files there yourself: {places}{_RENAMED.get(name, '')}"
        ) from exc
