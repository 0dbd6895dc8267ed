"""Arrays of prepared files as tensors that share the file's pages: a worker has no copy of its own."""

from __future__ import annotations

import math
import mmap
from typing import Any

import numpy as np
import tensorflow as tf

Array = np.ndarray[Any, Any]

# What TensorFlow's kernels expect of a tensor's first byte; `np.save` pads its header to as many.
_ALIGNMENT = 64


def as_tensor(array: Array, *, flat: bool = False) -> Any:
    """`array` as a tensor; `flat`: of shape (rows, values of a row).

    A whole map of a file, as `PreparedData` opens them, is not copied: the tensor is those pages, which all processes
    share and the system may drop and read again, so the data may be larger than memory. Whatever else comes is copied,
    and so is all where a GPU trains, which needs the rows in its own memory.
    """
    shape = (len(array), math.prod(array.shape[1:])) if flat else array.shape
    if isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap) and _can_share(array):
        # Mapped once more, so that a write would make a page private: DLPack knows no array that is read-only.
        pages = np.memmap(array.filename, array.dtype, "c", array.offset, shape)
        return tf.experimental.dlpack.from_dlpack(pages.__dlpack__())
    return tf.constant(array.reshape(shape))


def _can_share(array: Array) -> bool:
    return (
        array.size > 0
        and array.flags.c_contiguous
        and array.ctypes.data % _ALIGNMENT == 0
        and not tf.config.list_logical_devices("GPU")
    )
